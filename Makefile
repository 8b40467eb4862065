# Everything a person or CI runs. The scripts do the work; `make` alone says what there is.

# The recording that `make demo` explains.
CAPTURE ?= captures/knock.pcapng
# Size of the capture that `make bench` measures on.
BENCH_BYTES ?= 1000000000
# How long `make fuzz` runs each of its targets, in seconds; which of them, where not all.
FUZZ_SECONDS ?= 30
FUZZ_TARGETS ?=
# Checks against other people's captures run where this folder exists.
SHARED ?= ../shared

# Nothing that is built or tested here sends a packet beyond loopback.
export WIRELAB_LOCAL_ONLY := 1
export CAPTURE BENCH_BYTES FUZZ_SECONDS FUZZ_TARGETS SHARED

.PHONY: help demo test bench fuzz captures

help:
	@echo "make demo      build wirelab and explain a recorded conversation ($(CAPTURE))"
	@echo "make test      set up what the checks need, and run them all"
	@echo "make bench     measure speed, memory and loss beside tcpdump, tshark and dumpcap"
	@echo "make fuzz      feed every parser with damaged input, $(FUZZ_SECONDS) s each"
	@echo "make captures  record captures/ afresh, on loopback"

demo:
	@bash scripts/demo.sh

test:
	@bash scripts/test.sh

bench:
	@bash scripts/bench.sh

fuzz:
	@bash scripts/fuzz.sh

captures:
	@bash scripts/captures.sh
