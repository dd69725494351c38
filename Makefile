# Every target does its own set-up; a fresh machine needs Go, git and make.

GO      ?= go
# What git describe says, unless a tag is given: v1.2.3 becomes version 1.2.3, four commits later it
# is 1.2.3.4, and without a tag 0.0.COUNT.
VERSION ?=
RELEASE  = GOOS= GOARCH= $(GO) run ./packaging/package -version '$(VERSION)'
# The race detector needs a C compiler; without one the tests run without it.
RACE    := $(shell command -v cc >/dev/null 2>&1 && echo -race)
OS      := $(shell uname -s)

export CGO_ENABLED = 0

# Tests run with umask 022: folders that the group can write are refused, also in tests.

# Every Mac that macOS 13 supports has these instructions; here it is looked up.
AMD64   := $(shell grep -qsw avx2 /proc/cpuinfo && grep -qsw bmi2 /proc/cpuinfo && echo v3 || echo v1)
ifeq ($(OS),Darwin)
AMD64   := v3
endif

.PHONY: run build test check bench fuzz attacks soak soak-control backlog conformance package dist clean

## run: watch an attack become an alert (on a Mac: watch this Mac, asking for sudo)
run: build
ifeq ($(OS),Darwin)
	sudo bin/hooksnare run --show
else
	sh packaging/demo.sh bin
endif

## build: write bin/hooksnare
build:
	flags=$$($(RELEASE) ldflags) || flags="-s -w"; GOAMD64=$(AMD64) $(GO) build -trimpath -ldflags "$$flags" -o bin/hooksnare ./agent/cmd/hooksnare
	$(GO) build -trimpath -o bin/standin ./agent/cmd/standin

## test: run all tests, the slow ones too; go test ./... runs a short form of these in about three minutes
test: build
	@echo "all tests, the slow ones and the race detector too: about 15 minutes on two cores"
	umask 022; TEST_SLOW=1 CGO_ENABLED=$(if $(RACE),1,0) $(GO) test -timeout 30m $(RACE) $(TESTFLAGS) ./...

## check: format, vet and lint for every platform, and tidy modules
check:
	@test -z "$$(gofmt -l .)" || { echo "gofmt: these files are not formatted:"; gofmt -l .; exit 1; }
	$(GO) mod tidy -diff
	@lint=$$($(GO) tool -n staticcheck); \
	for target in linux/amd64 darwin/arm64 darwin/amd64; do \
		export GOOS=$${target%/*} GOARCH=$${target#*/}; \
		echo "vet, staticcheck, build: $$target"; \
		$(GO) vet ./... && $$lint ./... && $(GO) build -o /dev/null ./agent/cmd/hooksnare || exit 1; \
	done

## bench: measure the hot path, replay against grep and jq, and the agent at work against cat
bench:
	$(GO) test -run '^$$' -bench . -benchmem ./collector/... ./detect/... ./agent ./pkg/...
	$(GO) test -run '^$$' -bench '^Benchmark(Replay|Live)$$' -benchtime 1x -timeout 30m ./agent/cmd/soak

## fuzz: run every fuzz target for N executions
N ?= 20000
fuzz:
	@umask 022; for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "fuzz: $$package $$target $(N)"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(N)x -fuzzminimizetime 1x $$package || exit 1; \
		done; \
	done

## attacks: print every case of attack and what it gives
attacks:
	umask 022; TEST_SLOW=1 $(GO) test -count 1 -run '^TestAttacks(State|Places|Silence|Forms)?$$' -v ./agent

SOAK = nice -n 15 $(GO) test -count 1 -timeout 15m -run '^TestSoak$$' -v ./agent/cmd/soak

## soak: kill the agent again and again, spoil its receivers, and miss no alert
soak: build
	umask 022; SOAK_ALERTS=$${SOAK_ALERTS:-2000} SOAK_KILLS=$${SOAK_KILLS:-110} $(SOAK)

## soak-control: the same with an agent that acknowledges before it delivers, which must be caught
soak-control: build
	umask 022; SOAK_CONTROL=1 SOAK_ALERTS=$${SOAK_ALERTS:-200} SOAK_KILLS=$${SOAK_KILLS:-10} $(SOAK)

## backlog: 100,000 alerts that wait: memory, start, and how fast they are delivered
backlog: build
	$(GO) test -run '^$$' -bench '^BenchmarkBacklog$$' -benchtime 1x -timeout 15m ./agent/cmd/soak

## conformance: run the public EQL suites and play the published rules, a line for each
conformance:
	@log=$$(mktemp) && trap 'rm -f "$$log"' EXIT && \
	if TEST_SLOW=1 $(GO) test -count 1 -run '^(TestConformance.*|TestPublishedRunnable|TestPublished)$$' -v ./detect/eql ./detect ./agent >"$$log" 2>&1; then \
		grep -E '[0-9] of [0-9]|^ok|SKIP' "$$log"; \
	else \
		cat "$$log"; exit 1; \
	fi

## package: everything that is given away, in dist: packages, archives, sums, SBOM, Homebrew, Munki.
## Signed with APP_CERT, APP_KEY, INSTALLER_CERT, INSTALLER_KEY (PEM files) and TIMESTAMP (a URL)
package:
	@$(RELEASE) -out dist $(if $(URL),-url '$(URL)') $(if $(TIMESTAMP),-timestamp '$(TIMESTAMP)') \
		$(if $(APP_CERT),-app-cert '$(APP_CERT)') $(if $(APP_KEY),-app-key '$(APP_KEY)') \
		$(if $(INSTALLER_CERT),-installer-cert '$(INSTALLER_CERT)') $(if $(INSTALLER_KEY),-installer-key '$(INSTALLER_KEY)') build

## dist: the same
dist: package

clean:
	rm -rf bin dist
