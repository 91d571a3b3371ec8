# Needs Go, and as root on Debian installs what is missing: see .ci/setup.

GOFUMPT     := v0.12.0
STATICCHECK := v0.8.2
GREMLINS    := v0.6.0
BIN         := $(CURDIR)/.cache/bin
TIMEOUT     := 40m
FUZZTIME    := 30s

# The packages that decide what is rewritten and shown; see mutation.
MUTATED := ./nixexpr/eval ./nixexpr ./bump/internal/pin ./bump/internal/resolve ./bump/internal/notes

# The packages whose tests start Nix, and those of their tests to which its version makes no difference.
WITH_NIX := ./bump ./bump/bumptest ./bump/internal/nix ./cmd/...
ANY_NIX := ^Test(Action|Actionlint|Cron|Document|GitLab|Publish|Readme|Release|Service|Shellcheck|Systemd|VendorHash)

.PHONY: help demo build test test-nix test-look cover lint fmt bench fuzz mutation clean setup

help: ## what there is to make
	@sed -n "s/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p" Makefile

demo: ## a bump from beginning to end, on this machine, without a network (go run ./cmd/demo)
	@go run ./cmd/demo

build: ## the command, as ./ollama-bump
	go build -o ollama-bump ./cmd/ollama-bump

test: setup lint ## every check and test
	go test -race -timeout $(TIMEOUT) ./...
	go test -count=1 -run TestFasterThanNix ./nixexpr

test-nix: setup ## the tests that start Nix, with the newest Nix that Debian has
	nix=$$(testdata/newer-nix.sh) && PATH="$$nix:$$PATH" && nix --version && \
	go test -count=1 -timeout $(TIMEOUT) -skip '$(ANY_NIX)' $(WITH_NIX)

test-look: ## the pull request as GitHub shows it, in a browser: nothing may be too wide (installs Chromium)
	@.ci/setup look
	go vet -tags look ./bump/internal/text
	go test -count=1 -tags look -run TestLook ./bump/internal/text

cover: ## the quick tests, which need no Nix and take less than a minute, and what they cover: 70 % of bump at least
	@rm -rf .cache/without-nix && mkdir -p .cache/without-nix
	@IFS=:; for dir in $$PATH; do cp -sn "$$dir"/* .cache/without-nix 2>/dev/null || :; done
	@rm -f .cache/without-nix/nix .cache/without-nix/nix-*
	PATH=$(CURDIR)/.cache/without-nix go test -short -coverprofile=.cache/cover.out \
		-coverpkg="$$(go list ./bump/... ./nixexpr/... | grep -v bumptest | paste -sd,)" \
		./... >.cache/cover.log || { cat .cache/cover.log; exit 1; }
	@for part in bump nixexpr; do \
		{ echo mode: set; grep "^github.com/nixtars/ollama-bump/$$part/" .cache/cover.out; } >.cache/cover-$$part.out; \
		go tool cover -func=.cache/cover-$$part.out | sed -n "s/^total:.*)[^0-9]*/$$part: /p"; \
	done | tee .cache/cover.txt
	@sed -n 's/^bump: \([0-9]*\).*/\1/p' .cache/cover.txt | { read -r percent && [ "$$percent" -ge 70 ]; } || \
		{ echo "the tests that need no Nix must cover 70 % of bump"; exit 1; }

lint: setup $(BIN)/gofumpt-$(GOFUMPT) $(BIN)/staticcheck-$(STATICCHECK) ## format, vet, staticcheck, go.mod, shell
	@unformatted=$$($(BIN)/gofumpt-$(GOFUMPT) -l .) && \
	if [ -n "$$unformatted" ]; then echo "not gofumpt's format (make fmt):"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	$(BIN)/staticcheck-$(STATICCHECK) ./...
	go mod tidy -diff
	shellcheck .ci/fresh .ci/run .ci/setup testdata/newer-nix.sh

fmt: $(BIN)/gofumpt-$(GOFUMPT) ## format the Go files
	$(BIN)/gofumpt-$(GOFUMPT) -w .

bench: setup ## what a bump costs: Nix processes, downloads, time
	go test -run '^$$' -bench . -benchmem -timeout $(TIMEOUT) ./...

fuzz: ## every fuzz target for FUZZTIME
	@for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' "$$package" | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$package" || exit 1; \
		done; \
	done

# Gremlins cannot pass -short on, without which the tests need Nix: the go command that it finds does.
mutation: $(BIN)/gremlins-$(GREMLINS) ## which small changes of the code the tests do not notice; takes an hour or two
	@mkdir -p .cache/short
	@printf '#!/bin/sh\nif [ "$$1" = test ]; then shift; set -- test -short "$$@"; fi\nexec %s "$$@"\n' \
		"$$(command -v go)" > .cache/short/go
	@chmod +x .cache/short/go
	for package in $(MUTATED); do \
		PATH="$(CURDIR)/.cache/short:$$PATH" \
			$(BIN)/gremlins-$(GREMLINS) unleash --workers 1 --timeout-coefficient 6 "$$package" || exit 1; \
	done

clean: ## what make left in this folder
	rm -rf .cache dist ollama-bump result result-*

setup:
	@.ci/setup

$(BIN)/gofumpt-$(GOFUMPT):
	GOBIN=$(BIN) go install mvdan.cc/gofumpt@$(GOFUMPT)
	@mv $(BIN)/gofumpt $@

$(BIN)/staticcheck-$(STATICCHECK):
	GOBIN=$(BIN) go install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK)
	@mv $(BIN)/staticcheck $@

$(BIN)/gremlins-$(GREMLINS):
	GOBIN=$(BIN) go install github.com/go-gremlins/gremlins/cmd/gremlins@$(GREMLINS)
	@mv $(BIN)/gremlins $@
