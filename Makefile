# The short commands; README.md says what they do.

ONCE ?=
DESTDIR ?=
PREFIX ?= /usr/local

BUILD_PACKAGES := binutils ca-certificates gcc g++ git libc6-dev pkg-config zlib1g-dev libcurl4 libxml2 libncurses6 \
	libsqlite3-dev libasound2-dev libopus-dev libsrtp2-dev libsofia-sip-ua-dev libssl-dev libespeak-ng-dev espeak-ng-data \
	libsndfile1-dev libspeexdsp-dev libpocketsphinx-dev pocketsphinx-en-us
TEST_PACKAGES := sip-tester baresip-core pulseaudio pulseaudio-utils libasound2-plugins sox libsox-fmt-mp3 espeak-ng python3-venv
QUALITY_PACKAGES := build-essential pkg-config libwebrtc-audio-processing-dev libspeexdsp-dev python3-venv python3-dev
BENCH_PACKAGES := build-essential sip-tester python3-venv
GUEST_PACKAGES := qemu-system-x86 busybox-static cpio kmod iproute2 alsa-utils python3-venv

SWIFT = $(shell .ci/swift)
RELEASE := .build/release

.PHONY: run test bench quality guest install build packages clean

run: build
	@$(RELEASE)/switchhook demo --config Config/switchhook.yaml $(if $(ONCE),--once)

test: packages
	@.ci/packages $(TEST_PACKAGES)
	@$(if $(SWIFT),,false)
	@# The Python packages come while the compiler works; .ci/test waits for what is missing.
	@.ci/venv >/dev/null & $(SWIFT) build --build-tests && wait
	@.ci/test $(SWIFT) "$(CURDIR)/.build/debug"

bench: build
	@.ci/packages $(BENCH_PACKAGES)
	@SWITCHHOOK="$(CURDIR)/$(RELEASE)/switchhook" "$$(.ci/venv)/bin/python" Tests/Benchmarks/bench.py

# How calls sound, beside the field on the same recordings.
quality: packages
	@.ci/packages $(QUALITY_PACKAGES)
	@$(if $(SWIFT),,false)
	$(SWIFT) build -c release --product echo-trial
	$(SWIFT) build -c release --product loss-trial
	$(SWIFT) build --build-tests
	@.ci/quality "$(CURDIR)/$(RELEASE)"

# The box on a sound driver of the kernel and on a bad network, in a virtual machine and in virtual time.
guest: build
	@.ci/packages $(GUEST_PACKAGES)
	@SWITCHHOOK="$(CURDIR)/$(RELEASE)/switchhook" Tests/Guest/run --limit 3600 env PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 \
		"$$(.ci/venv)/bin/python" -m pytest Tests/Guest

build: packages
	@$(if $(SWIFT),,false)
	$(SWIFT) build -c release --product switchhook

packages:
	@.ci/packages $(BUILD_PACKAGES)

# Binary with the Swift libraries beside it, configuration, systemd unit, user, state folder.
install: build
	install -d "$(DESTDIR)$(PREFIX)/lib/switchhook" "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)/etc/switchhook/scripts" \
		"$(DESTDIR)/usr/lib/systemd/system" "$(DESTDIR)/usr/lib/sysusers.d" \
		"$(DESTDIR)/usr/lib/udev/rules.d"
	install -m 755 $(RELEASE)/switchhook "$(DESTDIR)$(PREFIX)/lib/switchhook/switchhook"
	ldd $(RELEASE)/switchhook | awk '$$3 ~ "/swift/linux/" { print $$3 }' \
		| xargs install -m 644 -t "$(DESTDIR)$(PREFIX)/lib/switchhook"
	ln -sf ../lib/switchhook/switchhook "$(DESTDIR)$(PREFIX)/bin/switchhook"
	test -e "$(DESTDIR)/etc/switchhook/switchhook.yaml" \
		|| sed 's|^  # path: ./var|  path: /var/lib/switchhook|' Config/switchhook.yaml \
			> "$(DESTDIR)/etc/switchhook/switchhook.yaml"
	chmod 640 "$(DESTDIR)/etc/switchhook/switchhook.yaml"
	install -m 644 Config/scripts/*.json "$(DESTDIR)/etc/switchhook/scripts"
	sed 's|/usr/bin/switchhook|$(PREFIX)/bin/switchhook|' Hardware/systemd/switchhook.service \
		> "$(DESTDIR)/usr/lib/systemd/system/switchhook.service"
	install -m 644 Hardware/udev/*.rules "$(DESTDIR)/usr/lib/udev/rules.d"
	install -m 644 Hardware/systemd/switchhook.conf "$(DESTDIR)/usr/lib/sysusers.d/switchhook.conf"
ifeq ($(DESTDIR),)
	systemd-sysusers switchhook.conf
	chgrp switchhook /etc/switchhook/switchhook.yaml
	install -d -o switchhook -g switchhook -m 750 /var/lib/switchhook
	systemctl daemon-reload || true
	@echo "start it with: systemctl enable --now switchhook"
else
	install -d -m 750 "$(DESTDIR)/var/lib/switchhook"
endif

clean:
	rm -rf .build .build-venv .build-guest
