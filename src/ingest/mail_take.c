#include "mail_take.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "inbound_spool.h"

#define HEAD_ROOM	(64 * 1024)
#define LINE_MAX_LEN	1000

/* A line of the file; what could forge another line is no address. */
static void
put_line(struct buf *file, const char *name, const char *value)
{
	if (value == NULL || strlen(value) > LINE_MAX_LEN)
		return;
	for (const char *s = value; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return;
	buf_printf(file, "%s: %s\n", name, value);
}

/*
 * Which variable names the whole recipient depends on the server; the parts
 * that some of them give name its token.
 */
static void
put_recipients(struct buf *file, const char *recipient)
{
	static const char *const names[] = { "RECIPIENT",
	    "ORIGINAL_RECIPIENT", "EXTENSION", "LOCAL" };
	const char *value;

	if (recipient != NULL && recipient[0] != '\0')
		put_line(file, "Recipient", recipient);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		value = getenv(names[i]);
		if (value != NULL && value[0] != '\0')
			put_line(file, "Recipient", value);
	}
}

int
mail_take_read(const struct config *c, struct buf *mail, bool *cut,
    struct error *e)
{
	int64_t most = config_integer(c, "ingest", NULL, "max_mail");
	size_t max = most < MAIL_TAKE_MAX ? (size_t)most : MAIL_TAKE_MAX, room;
	char chunk[64 * 1024];
	ssize_t n;

	*cut = false;
	while ((n = io_read(STDIN_FILENO, chunk, sizeof(chunk))) > 0) {
		room = max - mail->len;
		if ((size_t)n > room) {
			*cut = true;
			n = (ssize_t)room;
		}
		buf_add(mail, chunk, (size_t)n);
	}
	return n == -1 ? error_errno(e, "stdin") : 0;
}

/* Three times the longest mail: what a buffer grows to, and its copy. */
#define MEMORY		(6UL * MAIL_TAKE_MAX)

static void
write_head(struct buf *file, const char *sender, const char *recipient,
    bool cut)
{
	char now[CLOCK_TEXT];

	buf_printf(file, "Hook: mail\nReceived: %s\n",
	    clock_format(clock_now(), now));
	put_line(file, "Sender", sender != NULL ? sender : getenv("SENDER"));
	put_recipients(file, recipient);
	buf_printf(file, "%s\n", cut ? "Cut: yes\n" : "");
}

int
mail_take(struct config *c, const char *sender, const char *recipient,
    struct error *e)
{
	struct buf mail = BUF_INIT(MAIL_TAKE_MAX);
	struct buf file = BUF_INIT(MAIL_TAKE_MAX + HEAD_ROOM);
	struct inbound_spool spool;
	int rc = -1;
	bool cut;

	inbound_open(&spool, c, false, MEMORY, MAIL_TAKE_MAX + HEAD_ROOM);
	if (mail_take_read(c, &mail, &cut, e) == 0) {
		write_head(&file, sender, recipient, cut);
		buf_add(&file, buf_text(&mail), mail.len);
		rc = inbound_put(&spool, &file, e);
	}
	buf_release(&mail);
	buf_release(&file);
	return rc;
}
