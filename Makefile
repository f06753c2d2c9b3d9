# omni.  GNU make; no configure.  Settings of your own go to config.mk,
# which git ignores.
#
# Adding a program: write src/omni-NAME.c and add its name to PROGS.

PROGS	= omni-normalize omni-route omni-render omni-queue \
	  omni-send-mail omni-send-sms omni-send-wa omni-send-voice omni-send-push \
	  omni-ingest omni-schedule omni-escalate omni-contact omni-ledger \
	  omni-status omni-inbox omni-inbox-cgi omni-mcp omni-assist
SCRIPTS	= omni-run
VERSION	= 0.1.0

PREFIX	= /usr/local
SYSCONFDIR = $(PREFIX)/etc
STATEDIR = /var/spool/omni
DESTDIR	=
CC	= cc
CXX	= c++
OPT	= -O2 -g
HARDEN	= -fstack-protector-strong -fstack-clash-protection \
	  -D_FORTIFY_SOURCE=2 -fPIE
LDHARDEN = -pie -Wl,-z,relro,-z,now,-z,noexecstack
WARN	= -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla \
	  -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	  -Wwrite-strings -Wpointer-arith -Wformat=2 -Wimplicit-fallthrough \
	  -Wundef -fno-common
CXXWARN	= -Wall -Wextra -Wpedantic -Wshadow -Wformat=2
-include config.mk

# V=1 shows the commands instead of the names of what they make.
ifndef V
Q = @
say = @echo '  $@'
endif

ifdef WERROR
WARN += -Werror
CXXWARN += -Werror
endif

override CPPFLAGS += -Isrc -Ibuild -D_GNU_SOURCE \
	-DOMNI_VERSION='"$(VERSION)"'
override CFLAGS += -std=c11 $(OPT) $(HARDEN) $(WARN)
override CXXFLAGS += -std=c++17 $(OPT) $(HARDEN) $(CXXWARN)
override LDFLAGS += $(LDHARDEN) -Wl,--as-needed
LDLIBS	= -ljansson -linih -lsqlite3 -lcurl -lnettle -lcrypto -licui18n -licuuc \
	  -lidn2 -lpsl -lresolv -pthread $(GMIME_LIBS)
GMIME_LIBS = $(shell pkg-config --libs gmime-3.0)

LAYERS	= base store template message provider send ingest desk mcp assist
SRCS	:= $(wildcard $(LAYERS:%=src/%/*.c))
LIBOBJ	:= $(patsubst %.c,build/%.o,$(SRCS))
BINS	:= $(PROGS:%=bin/%) bin/omni-simulator bin/phonenumber \
	   bin/omni-ingest-drain \
	   $(SCRIPTS:%=bin/%)
SIMULATOR := $(patsubst %.c,build/%.o,src/omni-simulator.c \
	     $(wildcard src/simulator/*.c src/base/*.c) src/message/segments.c)
UNIT	:= $(patsubst %.c,build/%,$(wildcard $(LAYERS:%=tests/%/*_test.c)))
FED	:= $(patsubst %.c,build/%,$(wildcard tests/fuzz/*_fuzz.c)) \
	   build/tests/fuzz/phonenumber_fuzz
FAKES	:= $(patsubst tests/fake/%.c,build/tests/fake/%,\
	     $(wildcard tests/fake/*.c))

all: $(BINS)

$(PROGS:%=bin/%) bin/omni-ingest-drain: bin/%: build/src/%.o build/libomni.a
	@mkdir -p $(@D)
	$(say)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# It plays the other side: nothing of a sender is in it but the base layer.
bin/omni-simulator: $(SIMULATOR)
	@mkdir -p $(@D)
	$(say)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ $(LDLIBS) -lmicrohttpd

bin/phonenumber: build/src/phonenumber/phonenumber.o build/src/base/confine.o \
    build/src/base/error.o
	@mkdir -p $(@D)
	$(say)
	$(Q)$(CXX) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ -lphonenumber -licuuc

$(SCRIPTS:%=bin/%): bin/%: src/%.bash
	@mkdir -p $(@D)
	$(say)
	$(Q)install -m 755 $< $@

build/libomni.a: $(LIBOBJ)
	@rm -f $@
	$(say)
	$(Q)$(AR) rcs $@ $^

# Rewritten only when the flags change, and then everything is rebuilt.
build/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(CXX) $(CXXFLAGS)' | cmp -s - $@ || \
	    echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(CXX) $(CXXFLAGS)' >$@

build/%.o: %.c build/flags | build/deps
	@mkdir -p $(@D)
	$(say)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -include src/banned.h -MMD -MP -c -o $@ $<

build/%.o: %.cc build/flags | build/deps
	@mkdir -p $(@D)
	$(say)
	$(Q)$(CXX) $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c -o $@ $<

# The schema is readable SQL in share/ and compiled in, so that a program and
# its schema can never be of two versions.
build/src/store/schema.o: share/ledger/schema.sql share/ledger/views.sql \
    share/ledger/apply.sql
build/src/message/preview_html.o: share/preview/page.css
build/src/ingest/page.o: share/pages/page.css
build/src/desk/desk.o: share/desk/style.css
DESK	= $(wildcard src/desk/*.c)
$(DESK:%.c=build/%.o) $(DESK:%.c=build/fuzz/%.o): build/desk_texts.h
build/src/mcp/mcp.o build/fuzz/src/mcp/mcp.o: share/mcp/tools.json
build/src/message/reply_lexicon.o build/fuzz/src/message/reply_lexicon.o: \
    share/words/en.words share/words/es.words share/words/more.words
build/src/assist/assist.o build/fuzz/src/assist/assist.o: \
    share/assist/tools.json
build/src/assist/prompt.o build/fuzz/src/assist/prompt.o: \
    share/assist/rules.txt
build/src/message/emergency.o build/fuzz/src/message/emergency.o: \
    share/words/emergency.words
build/tests/message/reply_test.o: tests/message/replies.tsv

# What staff reads, as a list for the compiler.
build/desk_texts.h: share/desk/texts.tsv
	@mkdir -p $(@D)
	$(say)
	$(Q){ echo '#define DESK_TEXTS(X) \'; \
	    sed -e '/^#/d' -e 's/"/\\"/g' \
	    -e 's/^\(.*\)\t\(.*\)\t\(.*\)$$/X(\1, "\2", "\3") \\/' $< && \
	    echo; } >$@

# Incoming mail is read with a library that no other source knows.
GMIME	= $(subst -I,-isystem ,$(shell pkg-config --cflags gmime-3.0))
MAILHOOK = $(wildcard src/provider/mail_hook*.c)
$(MAILHOOK:%.c=build/%.o) $(MAILHOOK:%.c=build/fuzz/%.o): \
    override CPPFLAGS += $(GMIME)

# The fuzz targets, fed with their corpus; "make fuzz" has libFuzzer do it.
$(filter-out %/phonenumber_fuzz,$(FED)): build/%: build/%.o \
    build/tests/fuzz/feed.o build/libomni.a
	$(say)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

build/tests/fuzz/phonenumber_fuzz: build/tests/fuzz/phonenumber_fuzz.o \
    build/tests/fuzz/feed.o build/libomni.a
	$(say)
	$(Q)$(CXX) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lphonenumber

$(UNIT) $(FAKES): build/%: build/%.o build/libomni.a
	$(say)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Loaded before a program's own libraries, it makes its calls fail.
build/tests/fake/failat.so: tests/fake/preload/failat.c build/flags
	@mkdir -p $(@D)
	$(say)
	$(Q)$(CC) -std=c11 -O2 -g $(WARN) -D_GNU_SOURCE -shared -fPIC -o $@ $< -ldl

build/tests/fake/mailread.o: override CPPFLAGS += $(GMIME)

# Installs the Debian packages that are missing, or says which ones.
build/deps: .ci/packages
	@mkdir -p $(@D)
	@.ci/packages build
	@touch $@

demo: all
	@.ci/packages demo
	@share/examples/clinic/demo

demo-clean:
	rm -rf spool/demo

check: all $(UNIT) $(FAKES) $(FED) build/tests/fake/failat.so
	@.ci/packages check
	@tests/run $(UNIT)

# A long comparison with Django, on other templates each time.
check-django: all
	@.ci/packages check
	PATH="$(CURDIR)/bin:$$PATH" tests/django-random \
	    "$${SEED:-$$(date +%s)}" "$${COUNT:-50000}"

# No sequence of operations sends to who opted out: 10,000 of them, others each
# time.
check-consent: all
	@.ci/packages check
	tests/consent-random "$${SEED:-$$(date +%s)}" "$${COUNT:-10000}"

# What ladders send, and what they must not: 5,000 histories, others each time.
check-escalate: all
	@.ci/packages check
	tests/escalate-random "$${SEED:-$$(date +%s)}" "$${COUNT:-5000}"

# Every program that writes, killed at each of its system calls (every STEP-th).
# The whole of it takes some hours of one core.
check-kill: all build/tests/fake/killat
	@.ci/packages check
	tests/kill-sweep --step "$${STEP:-1}"

# The whole of omni-run, killed COUNT times at random instants.
check-kill-run: all
	@.ci/packages check
	tests/kill-run --count "$${COUNT:-1000}" --seed "$${SEED:-$$(date +%s)}"

# Everything at once, with kills, for LOAD_SECONDS.
check-load: all
	@.ci/packages check
	tests/load --seconds "$${LOAD_SECONDS:-180}" --seed "$${SEED:-$$(date +%s)}"

# The power goes at COUNT instants of a day; others each time.
check-power: all
	@.ci/packages check
	tests/power cut "$${COUNT:-1000}" "$${SEED:-$$(date +%s)}"

# Each deliberate mistake in tests/mutants is noticed by the test that it names.
check-mutants: all $(UNIT)
	@.ci/packages check
	tests/mutate $(MUTANTS)

# Every program in each of its modes, with each of its system calls and
# allocations failing in turn: a matter of hours.  PROGRAM='omni-send*',
# CALL=write, ERROR=EIO and STEP=50 narrow it.
check-fault: all build/tests/fake/failat.so
	@.ci/packages check
	tests/fault-sweep -j "$${JOBS:-2}" -s "$${STEP:-1}" \
	    $${CALL:+-c "$$CALL"} $${ERROR:+-e "$$ERROR"} \
	    "$${PROGRAM:-*}"

# What is found goes to build/fuzz and, when it is mended, into the corpus
# under a name that tells.
FUZZ_SECONDS = 60
FUZZERS	:= $(FED:build/tests/fuzz/%=build/fuzz/%)
FUZZFLAGS = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined -fsanitize=fuzzer

# FUZZ names some of them: "make check-fuzz FUZZ='mail form'".
FUZZ	= $(FUZZERS:build/fuzz/%_fuzz=%)
check-fuzz fuzz: build/packages-fuzz $(FUZZ:%=build/fuzz/%_fuzz)
	tests/fuzz-run "$(FUZZ_SECONDS)" $(FUZZ)

build/packages-fuzz: .ci/packages
	@mkdir -p $(@D)
	@.ci/packages fuzz
	@touch $@

$(filter-out %/phonenumber_fuzz,$(FUZZERS)): build/fuzz/%: tests/fuzz/%.c \
    build/fuzz/libomni.a
	$(say)
	$(Q)clang $(CPPFLAGS) -std=c11 $(FUZZFLAGS) -o $@ $^ $(LDLIBS) -lm

build/fuzz/phonenumber_fuzz: tests/fuzz/phonenumber_fuzz.cc \
    src/phonenumber/phonenumber.cc build/fuzz/libomni.a build/packages-fuzz
	@mkdir -p $(@D)
	$(say)
	$(Q)clang++ $(CPPFLAGS) -std=c++17 $(FUZZFLAGS) \
	    -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION -o $@ $< \
	    build/fuzz/libomni.a $(LDLIBS) -lphonenumber

build/fuzz/libomni.a: $(SRCS:%.c=build/fuzz/%.o)
	@rm -f $@
	$(say)
	$(Q)$(AR) rcs $@ $^

build/fuzz/%.o: %.c build/flags | build/packages-fuzz
	@mkdir -p $(@D)
	$(say)
	$(Q)clang $(CPPFLAGS) -std=c11 \
	    $(FUZZFLAGS:-fsanitize=fuzzer=-fsanitize=fuzzer-no-link) \
	    -include src/banned.h -MMD -MP -c -o $@ $<

lint: all
	@.ci/packages lint
	tests/lint

sanitize:
	$(MAKE) clean
	$(MAKE) check SANITIZED=1 $(SANITIZE)
	$(MAKE) clean

# The same under valgrind's memcheck: what is read before it is written, which
# the sanitizers do not see, and what is lost.  VALGRIND_BATS are .bats files,
# whose programs run under it.
VALGRIND_BATS = omni-normalize omni-render
check-valgrind: all $(UNIT) $(FED)
	@.ci/packages valgrind
	@tests/valgrind $(UNIT) $(FED) -- $(VALGRIND_BATS)

# gcc's own analysis of every source; a report ends it.  ANALYZE names some of
# them.
ANALYZE	= $(wildcard src/*.c $(LAYERS:%=src/%/*.c) src/simulator/*.c)
analyze: build/flags build/desk_texts.h | build/deps
	@tests/analyze $(CC) $(CPPFLAGS) $(GMIME) -- $(ANALYZE)

# Which lines and branches the tests reach: everything is built anew for it.
# TESTS names the .bats files, as for "make check".
coverage:
	$(MAKE) clean
	-$(MAKE) check OPT='-O0 -g' HARDEN= LDHARDEN= \
	    CFLAGS='--coverage -fprofile-update=atomic -DSANITIZED' \
	    CXXFLAGS=--coverage SANITIZED=1
	tests/coverage build/src src

SANITIZE = OPT='-O1 -g -fno-omit-frame-pointer' HARDEN= LDHARDEN= \
	CFLAGS='-fsanitize=address,undefined -fno-sanitize-recover=undefined' \
	CXXFLAGS='-fsanitize=address,undefined'
export SANITIZED

bench: all $(addprefix build/tests/fake/,barecurl cgistatus spoolbench)
	@.ci/packages bench
	tests/bench
	tests/bench-send
	tests/bench-mail
	tests/bench-ingest
	tests/bench-ledger
	tests/bench-inbox

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(SYSCONFDIR) \
	    $(DESTDIR)$(PREFIX)/share/omni $(DESTDIR)$(PREFIX)/share/doc/omni \
	    $(DESTDIR)$(PREFIX)/share/man/man1 \
	    $(DESTDIR)$(PREFIX)/share/man/man5 \
	    $(DESTDIR)$(PREFIX)/share/man/man7
	install -m 755 $(BINS) $(DESTDIR)$(PREFIX)/bin
	cp -R share/ledger share/examples share/server share/words \
	    $(DESTDIR)$(PREFIX)/share/omni
	# Texts and settings are the site's own: never overwritten.
	install -d $(DESTDIR)$(SYSCONFDIR)/omni
	cp -Rn share/templates $(DESTDIR)$(SYSCONFDIR)/omni
	test -e $(DESTDIR)$(SYSCONFDIR)/omni/holidays || \
	    install -m 644 etc/holidays $(DESTDIR)$(SYSCONFDIR)/omni
	test -e $(DESTDIR)$(SYSCONFDIR)/omni/assist || \
	    cp -R etc/assist $(DESTDIR)$(SYSCONFDIR)/omni
	install -m 644 README.md LICENSE $(wildcard share/doc/*) \
	    $(DESTDIR)$(PREFIX)/share/doc/omni
	for s in 1 5 7; do install -m 644 man/*.$$s \
	    $(DESTDIR)$(PREFIX)/share/man/man$$s || exit 1; done
	sed -e 's|\.\./spool|$(STATEDIR)|g' \
	    -e 's|\.\./share/templates|$(SYSCONFDIR)/omni/templates|g' \
	    -e 's|^holidays = .*|holidays = omni/holidays|' \
	    -e 's|^# facts = assist|# facts = omni/assist|' \
	    -e 's|\.\./bin/|$(PREFIX)/bin/|g' etc/omni.conf \
	    >build/omni.conf.installed
	test -e $(DESTDIR)$(SYSCONFDIR)/omni.conf || \
	    install -m 644 build/omni.conf.installed \
	    $(DESTDIR)$(SYSCONFDIR)/omni.conf

uninstall:
	rm -f $(BINS:bin/%=$(DESTDIR)$(PREFIX)/bin/%)
	rm -f $(patsubst man/%.1,$(DESTDIR)$(PREFIX)/share/man/man1/%.1,$(wildcard man/*.1))
	rm -f $(patsubst man/%.5,$(DESTDIR)$(PREFIX)/share/man/man5/%.5,$(wildcard man/*.5))
	rm -f $(patsubst man/%.7,$(DESTDIR)$(PREFIX)/share/man/man7/%.7,$(wildcard man/*.7))
	rm -rf $(DESTDIR)$(PREFIX)/share/omni $(DESTDIR)$(PREFIX)/share/doc/omni
	@echo 'left in place: $(DESTDIR)$(SYSCONFDIR)/omni.conf,' \
	    'the templates, holidays and facts in $(DESTDIR)$(SYSCONFDIR)/omni,' \
	    'and the spool'

dist:
	@mkdir -p build
	git archive --format=tar.gz --prefix=omni-$(VERSION)/ \
	    -o build/omni-$(VERSION).tar.gz HEAD
	@echo build/omni-$(VERSION).tar.gz

clean:
	rm -rf build $(BINS)


.PHONY: all demo demo-clean check check-consent check-escalate check-kill check-kill-run \
	check-load check-power check-mutants check-fault check-django check-fuzz fuzz \
	check-valgrind analyze coverage lint sanitize bench install \
	uninstall dist clean FORCE
.SECONDARY:
.DELETE_ON_ERROR:
-include $(shell find build -name '*.d' 2>/dev/null)
