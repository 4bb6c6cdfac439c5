# SPDX-License-Identifier: GPL-2.0-or-later
#
# Everything is compiled and run in a Debian 13 root tree that sim/guest/trees
# makes; `make help` says what there is to do.

BUILD	:= $(CURDIR)/build
TREE	:= sim/guest/in-tree
JOBS	:= $(shell nproc)
PARTS	:= fw-interface sim/core sim/backend userlib drivers
STAGE	:= build/guest-root

# Before anything is built, not an hour later.
ifneq ($(filter-out tcg kvm,$(ACCEL)),)
$(error ACCEL=$(ACCEL): only tcg and kvm are known)
endif

# The recipes order the steps themselves and each step uses every core.
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

# $(call part,directory,targets): make of one part, inside the tree.
part	= @echo "== $(1): $(2)"; $(TREE) $(MAKE) -s -j$(JOBS) -C $(1) O=/src/build/$(1) $(2)

help:
	@echo "make demo         build all, boot two NICs and show who protects which flow"
	@echo "make check        build all, run all tests"
	@echo "make bench        measure; writes build/bench.json"
	@echo "make check-debug  run the driver's tests on a debug kernel"
	@echo "make setup        only install packages and make the root trees"
	@echo "make all          only build: interface, device, libraries, driver, QEMU, images"
	@echo "make tests        only build the test programs"
	@echo "make packages     Debian packages of the libraries, the broker and the tools, in build/packages"
	@echo "make clean        remove build/"
	@echo "make clean-cache  remove the root trees and QEMU from the cache"
	@echo "make shell        a shell inside the build tree"
	@echo
	@echo "TESTS='text ...'  with check and check-debug: only programs with a text in their path;"
	@echo "                  check-debug runs tests/debug/injection.py only if it is named"
	@echo "ACCEL=kvm         use KVM instead of emulation"
	@echo "ESPVAULT_CACHE    folder of finished pieces; default ~/.cache/espvault"

setup:
	@sim/guest/trees build guest >/dev/null

$(PARTS:%=part-%): part-%: setup
	$(call part,$*,all)

qemu: setup
	@echo "== QEMU"
	@sim/qemu/build

# What the virtual machine finds laid over its root.
stage: $(PARTS:%=part-%)
	@echo "== files for the virtual machine"
	@rm -rf $(STAGE)
	@$(TREE) $(MAKE) -s -C userlib O=/src/build/userlib PREFIX=/usr DESTDIR=/src/$(STAGE) install install-tests
	@install -D -m 644 build/drivers/espvault.ko $(STAGE)/usr/lib/modules/extra/espvault.ko

helpers: part-userlib
	@$(TREE) $(MAKE) -s -C tests/flow O=/src/build/tests/flow LIBDIR=/src/build/userlib
	@$(TREE) $(MAKE) -s -C tests/netdevsim O=/src/build/tests/netdevsim
	@$(TREE) $(MAKE) -s -C tests/ike O=/src/build/tests/ike LIBDIR=/src/build/userlib
	@$(TREE) $(MAKE) -s -C tests/scan O=/src/build/tests/scan

image: stage
	@sim/guest/image

all: $(PARTS:%=part-%) qemu helpers image

# Compiled with Debian's own flags, apart from what is tested and put into the virtual machine.
packages: setup
	@echo "== packages, into build/packages"
	@$(TREE) $(MAKE) -s -C packaging O=/src/build/packages

tests: all
	$(call part,fw-interface,tests)
	$(call part,sim/core,tests)
	$(call part,userlib,tests)
	$(call part,drivers,tests)

check: tests
	@echo "== tests"
	@tests/run $(TESTS)

demo: all
	@echo "== demo"
	@$(TREE) tests/demo/demo

bench: all
	$(call part,sim/core,bench)
	$(call part,userlib,bench)
	@echo "== measurements"
	@$(TREE) tests/perf/bench

check-debug: all
	@echo "== driver tests on the debug kernel"
	@$(TREE) tests/debug/run $(TESTS)

shell: setup
	@$(TREE) bash

clean:
	rm -rf build

clean-cache:
	@sim/guest/trees --remove

.PHONY: help setup $(PARTS:%=part-%) qemu stage image all packages tests check demo bench check-debug shell clean clean-cache
