/*
 * A calendar's export under lines made by chance, for libFuzzer or feed.c: the
 * whole of omni-schedule, with a ledger that keeps nothing of it.
 *
 * An input is an export; one that begins with a '!' is a full one.
 */
#include "http.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/program.h"
#include "message/ladder_check.h"
#include "message/schedule.h"

#define NOW	((instant)1795197600)	/* 2026-11-20T18:00:00Z */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* There with AddressSanitizer alone. */
__attribute__((weak)) void __sanitizer_set_report_fd(void *fd);

static char dir[] = "/tmp/omni-fuzz-XXXXXX";
static const struct scheduler fresh = SCHEDULER_INIT;
static struct ledger *ledger;
static struct phonebook *phones;
static struct hours hours;
static int messages = -1, nowhere;

/* Numbers are what the first field behind the region has of digits. */
static const char helper[] = "#!/bin/sed -unf\n"
    "s/^\\([^\\t]*\\)\\t[^\\t]*\\t+\\([0-9]\\{8,14\\}\\)$/"
    "\\1\\tok\\t+\\2\\tMX\\tmobile\\t/\nt good\n"
    "s/\\t.*/\\tno\\ttoo_short\\ttoo short/\n: good\np\n";

static const char settings[] = "[site]\ntimezone = America/Mexico_City\n"
    "region = MX\n[paths]\nspool = spool\nphonenumber = phonenumber\n"
    "[provider out]\nkind = console\n"
    "[channel sms]\ntype = sms\nprovider = out\n"
    "[channel email]\ntype = email\nprovider = out\nfrom = us@clinic.example\n"
    "[ladder appointment]\nstep.1 = -2d at 09:00 email\nstep.2 = -1d sms\n"
    "step.3 = +2h open sms if unread\nstep.4 = -1h flag\n"
    "[open]\nmonday = 09:00-14:00 16:00-19:00\n";

static char *
beside(const char *name)
{
	static char path[sizeof(dir) + 32];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void
put(const char *name, const char *text, mode_t mode)
{
	int fd = open(beside(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    mode);

	promise(fd != -1 && write(fd, text, strlen(text)) ==
	    (ssize_t)strlen(text) && fchmod(fd, mode) == 0 && close(fd) == 0,
	    "files can be written");
}

static void
clean(void)
{
	const char *argv[] = { "rm", "-rf", dir, NULL };
	struct buf said = BUF_INIT(256);
	struct error e;
	int status;

	phonebook_free(phones);
	hours_release(&hours);
	ledger_close(ledger);
	promise(child_run(argv, "", 0, &said, 10000, &status, &e) == 0 &&
	    status == 0, "what was made can be removed");
	buf_release(&said);
	config_free(config);
}

static void
set_up(void)
{
	struct error e = { .text = "" };

	promise(mkdtemp(dir) != NULL && mkdir(beside("spool"), 0700) == 0,
	    "there is a place");
	put("omni.conf", settings, 0600);
	put("phonenumber", helper, 0700);
	record_setup();
	clock_fix(NOW);
	config = config_load(beside("omni.conf"), NULL, 0, &e);
	promise(config != NULL, e.text);
	ledger = ledger_open(beside("ledger.db"), LEDGER_CREATE, &e);
	promise(ledger != NULL, e.text);
	promise(ladder_hours(config, &hours, &e) == 0, e.text);
	phones = phonebook_new(config_path(config, "paths", NULL,
	    "phonenumber"), "MX");
	nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	messages = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (__sanitizer_set_report_fd != NULL)
		__sanitizer_set_report_fd((void *)(intptr_t)messages);
	atexit(clean);
}

/* Standard input for one run. */
static void
give(const uint8_t *data, size_t size)
{
	int fd = memfd_create("export", MFD_CLOEXEC);

	promise(fd != -1 && write(fd, data, size) == (ssize_t)size &&
	    lseek(fd, 0, SEEK_SET) == 0 && dup2(fd, STDIN_FILENO) == 0,
	    "standard input can be given");
	close(fd);
}

static int
run(bool full)
{
	struct scheduler s = fresh;
	struct filter f = { .stage = "schedule", .prepare = schedule_prepare,
	    .each = schedule_record, .commit = schedule_commit, .batch = 500,
	    .take_refused = true, .quiet = true, .ctx = &s };
	int rc;

	s.config = config;
	s.ledger = ledger;
	s.phones = phones;
	s.hours = hours;
	s.full = full;
	s.source = full ? "fuzz" : NULL;
	s.dry = true;
	schedule_start(&s);
	rc = schedule_finish(&s, &f, filter_run(&f));
	schedule_end(&s);
	promise(f.refused <= f.records, "what is refused came");
	promise((f.refused == 0) || rc != EX_OK, "and shows in the status");
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool full = size > 0 && data[0] == '!';
	int rc;

	if (messages == -1)
		set_up();
	give(data + full, size - full);
	dup2(nowhere, STDERR_FILENO);
	rc = run(full);
	dup2(messages, STDERR_FILENO);
	promise(rc == EX_OK || rc == EX_REFUSED || rc == EX_TEMPFAIL ||
	    rc == EX_DATAERR, "the status is one of the manual's");
	promise(!ledger_is_open(ledger), "no transaction is left open");
	return 0;
}
