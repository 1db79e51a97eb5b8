# Every command a contributor needs. `make` alone lists them.
# Programs are built for release, with Swift's runtime and all libraries linked in of which Debian
# has an archive, and without symbols, which stand beside them: what is tested and shown is what is
# shipped.

SWIFT ?= swift
SETUP ?= .ci/setup
# Nothing loads the programs as a library: exported symbols would only keep dead code alive. What lld
# packs is a megabyte of addresses in each of them (docs/decisions/linker.md).
RELEASE = $(SWIFT) build -c release --static-swift-stdlib -Xlinker --no-export-dynamic \
  -Xswiftc -use-ld=lld -Xlinker -z -Xlinker pack-relative-relocs -Xlinker -z -Xlinker now
.DEFAULT_GOAL := help

.PHONY: help setup build release test sanitize check images manifests test-pod test-pod-mutations release-check demo bench bench-mtls bench-quick clean

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 22

setup: ## install the Debian packages that are missing (needs root)
	@$(SETUP)

build: setup ## build everything for debugging, tests included
	$(SWIFT) build --build-tests

release: setup ## build both programs for release, in .build/release
	@.ci/static-libraries >/dev/null
	PKG_CONFIG_PATH=$(CURDIR)/.build/static $(RELEASE) --product portarium-init
	PKG_CONFIG_PATH=$(CURDIR)/.build/static $(RELEASE) --product portarium-sidecar
	@.ci/split-symbols .build/release/portarium-init .build/release/portarium-sidecar

test: release ## run every test; with root also those in network namespaces
	@SWIFT="$(SWIFT)" .ci/test

sanitize: setup ## run every test under AddressSanitizer, then ThreadSanitizer (long; not in CI)
	@SWIFT="$(SWIFT)" .ci/sanitize

check: release ## format, warnings, layering, unsafe code, what the binaries link
	@SWIFT="$(SWIFT)" .ci/check

images: release ## build both container images, in .build/images (needs root)
	@SWIFT="$(SWIFT)" images/build

test-pod: images ## real pods of the images, with podman (needs root)
	@.ci/setup busybox-static nginx-light openssl podman python3-yaml runc
	@Tests/pod/run

manifests: release ## hold the Kubernetes manifests against schemas, the documents' programs, each other
	@infra/kubernetes/check

test-pod-mutations: release ## the capture rules without each line in turn: a case must miss it (needs root)
	@.ci/setup conntrack python3-yaml
	@Tests/pod/mutate

release-check: setup ## run all of it, one after the other, and print one table (long; needs root)
	@.ci/release-check

demo: ## show what happens to a workload's traffic (needs root)
	@Tests/Demo/demo --needs
	@echo 'Building both programs (some minutes the first time) ...'
	@mkdir -p .build
	@$(MAKE) --no-print-directory release >.build/demo.log 2>&1 || { cat .build/demo.log; exit 1; }
	@rm -f .build/demo.log
	@Tests/Demo/demo

bench: release ## compare with nft, Envoy and HAProxy, try the scale, publish the figures (needs root)
	@status=0; \
	for step in compare-init 'micro --allocations' allocations 'compare --publish' \
	  'scale --publish'; do \
	  Benchmarks/$$step || status=$$?; \
	done; exit $$status

bench-mtls: release ## compare with Envoy and HAProxy where they terminate mTLS, publish it (needs root)
	@Benchmarks/compare-mtls --publish

bench-quick: release ## the same ratios to Envoy and HAProxy from three minutes (needs root)
	@Benchmarks/compare --quick

clean: ## remove what was built
	$(SWIFT) package clean
	rm -rf .build
