# Every target is `./do TARGET`, for machines without make.
.PHONY: setup demo test test-slow check format docs lock
setup demo test test-slow check format docs lock:
	@./do $@
