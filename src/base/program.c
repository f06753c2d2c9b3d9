#include "program.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "digest.h"
#include "output.h"
#include "reader.h"

#define OVERRIDES	64
#define LONGS		16
#define FLUSH_AT	(64 * 1024)
#define RAW_MAX		4096	/* of a line too long to be passed on whole */
/*
 * What is read ahead: enough that neither side waits for the other, and no
 * more bytes than the longest line has, so that memory is bound by that.
 */
#define AHEAD		512	/* records */
#define AHEAD_BYTES	RECORD_MAX
#define AHEAD_KEEP	2048	/* what a place keeps for the next line */

static char nameless[] = "omni";

static const struct option common[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' }
};

void
program_usage(const struct program *p)
{
	fprintf(stderr, "usage: %s [-q] [-c file] [-o section.key=value] "
	    "%s\n", program_invocation_short_name, p->usage);
	exit(EX_USAGE);
}

static _Noreturn void
print_help(const struct program *p)
{
	printf("usage: %s [-q] [-c file] [-o section.key=value] %s\n%s"
	    "  -c file               configuration\n"
	    "  -o section.key=value  override one setting of it\n"
	    "  -q                    no records on standard output\n"
	    "  -h, --help            this text\n"
	    "  -V, --version         the version\n",
	    program_invocation_short_name, p->usage, p->help);
	if (fflush(stdout) == EOF)
		die(EX_IOERR, "stdout: %s", strerror(errno));
	exit(EX_OK);
}

static _Noreturn void
print_version(void)
{
	printf("%s %s\n", program_invocation_short_name, OMNI_VERSION);
	if (fflush(stdout) == EOF)
		die(EX_IOERR, "stdout: %s", strerror(errno));
	exit(EX_OK);
}

struct choices {
	const char *file, *overrides[OVERRIDES];
	size_t count;
};

static void
handle(struct program *p, int ch, struct choices *got)
{
	switch (ch) {
	case 'c':
		got->file = optarg;
		break;
	case 'o':
		if (got->count == OVERRIDES)
			die(EX_USAGE, "more than %d times -o", OVERRIDES);
		got->overrides[got->count++] = optarg;
		break;
	case 'q':
		p->quiet = true;
		break;
	case 'h':
		print_help(p);
	case 'V':
		print_version();
	case '?':
		program_usage(p);
	default:
		p->option(ch, optarg, p->ctx);
	}
}

static void
parse_options(struct program *p, int argc, char *argv[], struct choices *got)
{
	struct option longs[LONGS + 1] = { { .name = NULL } };
	char letters[64];
	size_t n = 0;
	int ch;

	for (; n < sizeof(common) / sizeof(common[0]); n++)
		longs[n] = common[n];
	for (const struct option *o = p->longs; o != NULL && o->name != NULL &&
	    n < LONGS; o++)
		longs[n++] = *o;
	snprintf(letters, sizeof(letters), "c:o:qhV%s",
	    p->letters == NULL ? "" : p->letters);
	while ((ch = getopt_long(argc, argv, letters, longs, NULL)) != -1)
		handle(p, ch, got);
	p->argc = argc - optind;
	p->argv = argv + optind;
	if (p->argc > 0 && !p->takes_arguments)
		program_usage(p);
}

/*
 * Who started us may have blocked signals, or ignored the deaths of children,
 * whose exit status nobody would learn then.  That SIGHUP or SIGPIPE is ignored
 * is a wish.
 */
static void
take_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGCHLD, SIG_DFL);
	/* A limit on the size of files is an error that can be said. */
	signal(SIGXFSZ, SIG_IGN);
}

void
program_start(struct program *p, int argc, char *argv[])
{
	struct choices got = { .count = 0 };
	struct error e;

	output_init();
	take_signals();
	/* Run with no arguments at all, not even its name. */
	if (*program_invocation_short_name == '\0')
		program_invocation_short_name = nameless;
	/* Files are for this user and, to read, for the staff's group. */
	umask(027);
	parse_options(p, argc, argv, &got);
	clock_init();
	record_setup();
	p->config = config_load(got.file, got.overrides, got.count, &e);
	if (p->config == NULL)
		die(e.status, "%s", e.text);
}

void
program_end(struct program *p)
{
	config_free(p->config);
	p->config = NULL;
	output_close();
}

/* "line 17: id: message" */
static void
report(const struct filter *f, const struct record *r, const char *message)
{
	const char *id = record_string(r, "id");

	diag("line %ju: %.200s%s%s", f->line, id == NULL ? "" : id,
	    id == NULL ? "" : ": ", message);
}

/* The one place that refuses: in the record, and unless `quiet` in words. */
static void
refuse(struct filter *f, struct record *r, const struct refusal *why,
    bool quiet, const char *fmt, va_list ap)
{
	char message[2 * ERROR_MAX];
	struct refusal full = *why;

	full.stage = f->stage;
	full.line = f->line;
	vsnprintf(message, sizeof(message), fmt, ap);
	record_refuse(r, &full, message);
	if (f->refusal != NULL)
		error_set(f->refusal, why->temporary ? EX_TEMPFAIL :
		    EX_REFUSED, "%.500s", message);
	else if (!quiet)
		report(f, r, message);
}

void
filter_refuse(struct filter *f, struct record *r, const char *code,
    const char *field, const char *fmt, ...)
{
	struct refusal why = { .code = code, .field = field };
	va_list ap;

	va_start(ap, fmt);
	refuse(f, r, &why, false, fmt, ap);
	va_end(ap);
}

void
filter_refuse_quietly(struct filter *f, struct record *r, const char *code,
    const char *field, const char *fmt, ...)
{
	struct refusal why = { .code = code, .field = field };
	va_list ap;

	va_start(ap, fmt);
	refuse(f, r, &why, true, fmt, ap);
	va_end(ap);
}

void
filter_refuse_temporarily(struct filter *f, struct record *r,
    const char *code, const char *fmt, ...)
{
	struct refusal why = { .code = code, .temporary = true };
	va_list ap;

	va_start(ap, fmt);
	refuse(f, r, &why, false, fmt, ap);
	va_end(ap);
}

static void
flush(struct filter *f)
{
	if (f->commit != NULL)
		f->commit(f);
	f->held = 0;
	output_flush();
}

static void
count(struct filter *f, const struct record *r)
{
	f->records++;
	if (!record_is_refused(r))
		return;
	f->refused++;
	if (record_is_refused_temporarily(r))
		f->temporary++;
}

static void
put(struct filter *f, const struct record *r)
{
	struct buf line = BUF_INIT(16 * RECORD_MAX);

	count(f, r);
	if (!f->quiet) {
		record_write(r, &line);
		output_put(&line);
	}
	buf_release(&line);
	if (++f->held >= f->batch ||
	    (f->commit == NULL && output_pending() > FLUSH_AT))
		flush(f);
}

/*
 * A line that is no record goes on inside one: as "raw" when it is text, else
 * as "raw_base64"; of one that would not fit into a record only the head.
 */
static void
add_raw(struct record *r, const char *line, size_t len, struct arena *mem)
{
	bool whole = len <= RECORD_MAX / 8;
	size_t n = whole ? len : RAW_MAX;
	char *base64;

	while (!whole && n > 0 && ((unsigned char)line[n] & 0xc0) == 0x80)
		n--;
	if (utf8_valid(line, n))
		record_set_string(r, "raw", arena_strndup(mem, line, n));
	else {
		base64 = arena_alloc(mem, 4 * ((n + 2) / 3) + 1);
		digest_base64(line, n, base64);
		record_set_string(r, "raw_base64", base64);
	}
	if (!whole)
		record_set_take(r, "raw_cut", value_new_bool(true));
}

static void
pass_bad_line(struct filter *f, struct record *r, const char *line,
    size_t len, const char *code, const char *message)
{
	record_new(r);
	filter_refuse(f, r, code, NULL, "%s", message);
	add_raw(r, line, len, &f->mem);
	if (f->take_refused)
		f->each(f, r);
	put(f, r);
}

static void
take_record(struct filter *f, struct record *r)
{
	if (f->take_refused || !record_is_refused(r))
		f->each(f, r);
	put(f, r);
}

static void
take_line(struct filter *f, struct record *r, const char *line, size_t len)
{
	struct error why;

	if (record_parse(r, line, len, &why) == -1)
		pass_bad_line(f, r, line, len, "not_a_record", why.text);
	else
		take_record(f, r);
}

static void
take(struct filter *f, struct record *r, enum reader_status got,
    const char *line, size_t len)
{
	if (got == READER_LINE)
		take_line(f, r, line, len);
	else if (got == READER_TOO_LONG)
		pass_bad_line(f, r, line, len, "too_long",
		    "longer than 262144 bytes");
	else {
		f->truncated = true;
		pass_bad_line(f, r, line, len, "truncated",
		    "input ends inside this line");
	}
}

/*
 * Reading ahead
 */

struct place {
	struct buf line;	/* the reader's own does not last */
	struct record r;
	enum reader_status got;
	uintmax_t number;
	bool parsed;
};

struct ahead {
	struct place places[AHEAD];
	size_t first, count;
	size_t bytes;		/* of their lines */
};

static void
ahead_free(struct ahead *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < AHEAD; i++) {
		buf_release(&a->places[i].line);
		record_release(&a->places[i].r);
	}
	free(a);
}

/* It is the oldest one's turn. */
static void
take_oldest(struct filter *f)
{
	struct ahead *a = f->ahead;
	struct place *p = &a->places[a->first];

	f->line = p->number;
	arena_reset(&f->mem);
	if (p->parsed)
		take_record(f, &p->r);
	else
		take(f, &p->r, p->got, buf_text(&p->line), p->line.len);
	a->first = (a->first + 1) % AHEAD;
	a->count--;
	a->bytes -= p->line.len;
	if (p->line.size > AHEAD_KEEP) {
		record_release(&p->r);
		buf_release(&p->line);
	}
}

static void
take_all(struct filter *f)
{
	while (f->ahead != NULL && f->ahead->count > 0)
		take_oldest(f);
}

static void
look_ahead(struct filter *f, enum reader_status got, const char *line,
    size_t len, uintmax_t number)
{
	struct ahead *a = f->ahead;
	struct place *p;
	struct error why;

	while (a->count == AHEAD || (a->count > 0 &&
	    a->bytes + len > AHEAD_BYTES))
		take_oldest(f);
	p = &a->places[(a->first + a->count++) % AHEAD];
	p->got = got;
	p->number = number;
	p->line.max = RECORD_MAX;
	buf_clear(&p->line);
	buf_add(&p->line, line, len);
	a->bytes += len;
	/* A line that is no record is parsed again later, for the reason. */
	p->parsed = got == READER_LINE &&
	    record_parse(&p->r, buf_text(&p->line), len, &why) == 0;
	if (p->parsed && (f->take_refused || !record_is_refused(&p->r)))
		f->prepare(f, &p->r);
}

/* Input pauses: what was read comes out first. */
static void
idle(void *ctx)
{
	take_all(ctx);
	flush(ctx);
}

int
filter_status(const struct filter *f)
{
	if (f->temporary > 0)
		return EX_TEMPFAIL;
	if (f->truncated)
		return EX_DATAERR;
	return f->refused > 0 ? EX_REFUSED : EX_OK;
}

static void
begin(struct filter *f)
{
	f->mem = (struct arena)ARENA_INIT(64 * RECORD_MAX);
	if (f->batch == 0)
		f->batch = SIZE_MAX;
	if (f->prepare == NULL)
		return;
	f->ahead = calloc(1, sizeof(*f->ahead));
	if (f->ahead == NULL)
		die(EX_OSERR, "out of memory");
}

int
filter_run(struct filter *f)
{
	struct record r = RECORD_INIT;
	enum reader_status got;
	struct reader in;
	bool stopped;
	size_t len;
	char *line;

	begin(f);
	reader_init(&in, STDIN_FILENO, RECORD_MAX, idle, f);
	while ((got = reader_next(&in, &line, &len)) != READER_END &&
	    got != READER_ERROR) {
		if (f->ahead != NULL) {
			look_ahead(f, got, line, len, in.lineno);
			continue;
		}
		f->line = in.lineno;
		arena_reset(&f->mem);
		take(f, &r, got, line, len);
	}
	stopped = got == READER_ERROR && errno == EINTR;
	if (got == READER_ERROR && !stopped)
		diag("stdin: %s", strerror(errno));
	take_all(f);
	flush(f);
	ahead_free(f->ahead);
	f->ahead = NULL;
	record_release(&r);
	reader_release(&in);
	arena_release(&f->mem);
	if (stopped)
		return EX_TEMPFAIL;
	return got == READER_ERROR ? EX_IOERR : filter_status(f);
}
