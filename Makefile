# Every target is `./do TARGET`, for machines without make.
.PHONY: setup demo test test-slow check bench format docs lock
setup demo test test-slow check bench format docs lock:
	@./do $@
