/* What came: variables, the body of a form, and whether it is from our page. */
#include "desk_impl.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"

#define FORM_TYPE	"application/x-www-form-urlencoded"
#define DISCARD_MS	2000
#define DISCARD_MAX	(4 * 1024 * 1024)

static size_t taken;	/* of the body */

const char *
desk_variable(const char *name)
{
	const char *s = getenv(name);

	return s == NULL ? "" : s;
}

const char *
desk_field(const struct desk *d, const char *name)
{
	const char *s = form_get(&d->body, name);

	return s == NULL ? "" : s;
}

/* False when it is no number; one too large to be held is ULONG_MAX. */
static bool
read_length(const char *s, unsigned long *n)
{
	*n = strtoul(s, NULL, 10);
	return *s != '\0' && s[strspn(s, "0123456789")] == '\0';
}

/* -1: it failed, or with ETIMEDOUT there was nothing in time. */
static ssize_t
read_some(char *chunk, size_t size, int64_t deadline)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	int64_t left = deadline - clock_monotonic_ms();
	int ready = 0;
	ssize_t n = -1;

	if (left > 0)
		do
			ready = poll(&p, 1, (int)left);
		while (ready == -1 && errno == EINTR);
	if (ready > 0)
		n = io_read(STDIN_FILENO, chunk, size);
	else if (ready == 0)
		errno = ETIMEDOUT;
	if (n > 0)
		taken += (size_t)n;
	return n;
}

void
desk_discard(void)
{
	int64_t deadline = clock_monotonic_ms() + DISCARD_MS;
	unsigned long length;
	char chunk[8192];
	size_t most;

	if (!read_length(desk_variable("CONTENT_LENGTH"), &length))
		return;
	most = length < DISCARD_MAX ? length : DISCARD_MAX;
	while (taken < most && read_some(chunk, most - taken < sizeof(chunk) ?
	    most - taken : sizeof(chunk), deadline) > 0)
		continue;
}

static void
read_body(struct desk *d, struct buf *body)
{
	int64_t deadline = clock_monotonic_ms() + 1000 *
	    config_duration(d->config, "inbox", NULL, "timeout");
	unsigned long length;
	char chunk[8192];
	ssize_t n;

	if (!read_length(desk_variable("CONTENT_LENGTH"), &length))
		desk_refuse(d, "411 Length Required", T_NO_FORM,
		    T_NO_FORM_ADVICE, "CONTENT_LENGTH is no number");
	if (length > DESK_BODY_MAX)
		desk_refuse(d, "413 Content Too Large", T_TOO_LONG,
		    T_TOO_LONG_ADVICE, NULL);
	while (body->len < length) {
		n = read_some(chunk, length - body->len < sizeof(chunk) ?
		    length - body->len : sizeof(chunk), deadline);
		/* The page that this makes has them try again. */
		if (n < 0 && errno != ETIMEDOUT)
			die(EX_IOERR, "standard input: %s", strerror(errno));
		if (n < 0)
			desk_refuse(d, "408 Request Timeout", T_NO_FORM,
			    T_NO_FORM_ADVICE, "the body did not come in time");
		if (n == 0)
			desk_refuse(d, "400 Bad Request", T_NO_FORM,
			    T_NO_FORM_ADVICE,
			    "the body is shorter than CONTENT_LENGTH");
		buf_add(body, chunk, (size_t)n);
	}
}

void
desk_read_form(struct desk *d)
{
	const char *type = desk_variable("CONTENT_TYPE");
	size_t len = strcspn(type, "; \t");
	static struct buf body = BUF_INIT(DESK_BODY_MAX);
	struct error e;

	if (len != strlen(FORM_TYPE) || strncasecmp(type, FORM_TYPE, len) != 0)
		desk_refuse(d, "415 Unsupported Media Type", T_NO_FORM,
		    T_NO_FORM_ADVICE, "CONTENT_TYPE is not " FORM_TYPE);
	read_body(d, &body);
	if (form_parse(&d->body, buf_text(&body), body.len, d->mem, &e) == -1)
		desk_refuse(d, "400 Bad Request", T_NO_FORM, T_NO_FORM_ADVICE,
		    e.text);
}

/*
 * Bound to the person and the day, by the ledger's own key: a page of another
 * site cannot know it.  No address has a newline in it, so that this is the
 * hash of none.
 */
const char *
desk_token(struct desk *d, int days_ago)
{
	char day[CLOCK_TEXT], hex[DIGEST_HEX];

	if (!ledger_has_key(d->inbox.ledger))
		return NULL;
	clock_format(clock_now() - (int64_t)days_ago * 86400, day);
	return arena_strdup(d->mem, ledger_hash(d->inbox.ledger,
	    arena_printf(d->mem, "omni-inbox-cgi\n%.10s\n%s", day, d->user),
	    hex));
}

bool
desk_token_is_good(struct desk *d)
{
	const char *came = desk_field(d, "token"), *ours;

	for (int i = 0; i < 2; i++) {
		ours = desk_token(d, i);
		if (ours != NULL && strlen(came) == strlen(ours) &&
		    digest_equal(came, ours))
			return true;
	}
	return false;
}
