# Everything a developer or CI does with Lodge. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

RELEASE := .build/release
SWIFT_FOLDERS = $(wildcard Core Agent Collector Console Tests Package.swift)
# How long `make soak` goes on.
MINUTES ?= 60
# How long `make fuzz` feeds each decoder.
FUZZ_SECONDS ?= 300

.PHONY: help deps build run test smoke soak fuzz lint format bench bench-agent deb test-deb check-imports check-linkage check-size check-scripts

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
		printf '  make %-15s %s\n' "$$name" "$$text"; done

deps: ## install the Debian packages that are missing
	@packaging/deps

build: deps ## build the three programs in release mode, Swift runtime linked statically
	@packaging/build release

run: deps ## build, start collector and agent on this machine's logs, open the console
	@packaging/run

test: deps ## build in debug mode and run every test, those with the real programs included
	swift build --build-tests
	swift test --skip-build
	@packaging/torture --kills 6 --damages 20 --faults 4
	@packaging/torture-agent --cuts 30 --kills 2 --lines 4000 --down 1

smoke: build ## start the release programs, ingest, query, tail, restart, stop: under a minute
	@packaging/smoke-test --bin $(RELEASE)

soak: deps ## repeat the tests with the real programs for MINUTES (60), stop at the first failure
	@packaging/soak $(MINUTES)

fuzz: deps ## feed the decoders with anything, FUZZ_SECONDS (300) each, by libFuzzer; stop at the first finding
	@packaging/fuzz $(FUZZ_SECONDS)

lint: deps check-size check-imports check-scripts ## check formatting, sizes, imports and scripts
	swift format lint --strict --parallel --recursive $(SWIFT_FOLDERS)

format: ## format the Swift sources in place
	swift format --in-place --parallel --recursive $(SWIFT_FOLDERS)

bench: build ## measure events per CPU second, bytes an event on disk, resident memory
	@swift build --configuration release --static-swift-stdlib --product lodge-bench
	@packaging/bench/run

bench-agent: build ## measure the agent: events per CPU second, resident memory, and each stage by itself
	@swift build --configuration release --static-swift-stdlib --product lodge-bench
	@packaging/bench/agent --stages

deb: build ## build the agent's Debian package into .build/deb
	@packaging/deb/build

test-deb: build ## install, upgrade, remove and purge that package in a clean Debian root
	@packaging/deb/test

check-imports: ## each import is declared, layers point one way, third parties stay in their module
	@packaging/checks/imports

check-linkage: build ## no NIO and no full Foundation in agent and console; sizes and idle memory
	@packaging/checks/linkage --bin $(RELEASE)

check-size: ## no Swift file over 500 lines, no leftovers, each @unchecked Sendable explained
	@packaging/checks/size

check-scripts: ## syntax of the shell and Python scripts
	@packaging/checks/scripts
