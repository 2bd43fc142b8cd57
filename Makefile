# The two commands that matter: `make run` and `make test`. CONTRIBUTING.md explains the others.
SHELL := /bin/bash
SWIFT ?= swift
BUILD := .build/release
UP_FLAGS := $(if $(DATA),--data $(DATA)) $(if $(PORT),--port $(PORT)) $(if $(DIR),--dir $(DIR))

.PHONY: help setup build run test bench bench-mesh fuzz lint format generate check-mesh check-api check-likes check-deploy \
        check-observability check-page check-all sanitize clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: ## Install the Debian packages that are missing
	@deploy/setup.sh

build: setup ## Build everything (release) into .build/release
	@dev/build.sh

run: build ## Run Duet here: private PostgreSQL and Redis, demo community, all services. DATA=dir imports real people
	@exec $(BUILD)/duet up $(UP_FLAGS)

test: ## Build and run all tests; needs nothing running and nothing prepared
	@deploy/setup.sh --dev
	@dev/test.sh

bench: build ## Time a running mesh on the demo community (throw-away data folder); prints figures with their commands
	@deploy/setup.sh --dev
	@dev/bench.sh

bench-mesh: ## Time a call of the mesh beside raw sockets, nng in C, gRPC C++ and (GRPC_SWIFT=1) grpc-swift-2
	@deploy/setup.sh --dev
	@dev/bench-mesh.sh

fuzz: ## Fuzz the decoders of the wire for 60 s (SECONDS_LIMIT=n, RUNS=n) with the address sanitizer
	@dev/fuzz.sh

lint: ## Check formatting, generated code and repository rules
	@dev/lint.sh

format: ## Format all Swift sources
	@git ls-files -co --exclude-standard '*.swift' | grep -v /Generated/ | xargs $(SWIFT) format --in-place --parallel

generate: ## Generate message and stub code from protos/
	@deploy/setup.sh --dev
	@dev/generate-protos.sh

check-api: setup ## Hold a running mesh against its own API description (openapi-spec-validator, schemathesis)
	@deploy/setup.sh --dev
	@dev/check-api.sh

sanitize: ## Run the tests under the thread and the address sanitizer
	@deploy/setup.sh --dev
	@dev/sanitize.sh

check-likes: ## 100,000 pairs whose likes cross on two gateways: one match each
	@deploy/setup.sh --dev
	@MATCH_RACE_PAIRS=100000 TEST_TIME_LIMIT=1800 dev/test.sh PipelineTests

check-mesh: ## The mesh's long tests: cancel storm of 100,000 calls, storms of connections, two network namespaces
	@deploy/setup.sh --dev
	@MESH_LONG_TESTS=1 dev/test.sh MeshTests
	@dev/netns-mesh.sh

check-deploy: build ## Check deploy/: units, Kubernetes, compose, image, balancers, bill of materials; says what it skipped
	@deploy/setup.sh --dev
	@dev/check-deploy.sh

check-observability: build ## Rules and dashboards against a running mesh; a fault must reach Alertmanager's receivers, and its end
	@deploy/setup.sh --dev --observability
	@dev/check-observability.sh

check-page: build ## The operator's page in headless Chromium against a running mesh; SHOTS=folder keeps the screenshots
	@deploy/setup.sh --dev --page
	@dev/check-page.sh $(SHOTS)

check-all: lint test check-api check-likes check-mesh check-deploy check-observability check-page sanitize fuzz bench bench-mesh ## All of CI, and what is too long for it

clean: ## Remove build products; data under .duet stays
	@rm -rf .build .build-* .fuzz .bench dev/*/.build
