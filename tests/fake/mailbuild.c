/*
 * Mails out of JSON, for tests that read them with a parser not ours: one
 * object per line on standard input, with the members of `struct mail` and
 * `max`; the message on standard output.  A refused one ends it with 1.
 */
#include <stdio.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/reader.h"
#include "base/record.h"
#include "provider/mime.h"

#define LINE_MAX	(16 * 1024 * 1024)
#define DATE	"2026-11-23T08:00:00Z"

static int64_t
integer(const struct record *r, const char *key, int64_t otherwise)
{
	int64_t n;

	return value_integer(record_get(r, key), &n) ? n : otherwise;
}

static void
mail_read(const struct record *r, struct attachment *attachments,
    struct mail *m)
{
	struct error e;
	int count = attachments_read(r, attachments, &e);

	const char *date = record_string(r, "date");

	*m = (struct mail){
		.id = record_string(r, "id"),
		.attempt = (int)integer(r, "attempt", 1),
		.from = record_string(r, "from"),
		.reply_to = record_string(r, "reply_to"),
		.to = record_string(r, "to"),
		.to_name = record_string(r, "to_name"),
		.subject = record_string(r, "subject"),
		.text = record_string(r, "text"),
		.html = record_string(r, "html"),
		.language = record_string(r, "language"),
		.utc_offset_minutes =
		    (int)integer(r, "utc_offset_minutes", 60),
		.domain = record_string(r, "domain"),
		.envelope_from = record_string(r, "envelope_from"),
		.automatic = record_string(r, "automatic"),
		.in_reply_to = record_string(r, "in_reply_to"),
		.headers = record_get(r, "headers"),
		.attachments = attachments,
		.attachment_count = (size_t)(count == -1 ? 0 : count)
	};
	if (count == -1)
		die(1, "%s", e.text);
	if (!clock_parse(date == NULL ? DATE : date, &m->date))
		die(EX_USAGE, "date: not RFC 3339");
}

static void
build(const char *line, size_t len)
{
	struct record r = RECORD_INIT;
	struct buf out = BUF_INIT(0);
	struct attachment attachments[ATTACHMENTS_MAX];
	struct mail m;
	struct error e;

	if (record_parse(&r, line, len, &e) == -1)
		die(EX_DATAERR, "%s", e.text);
	mail_read(&r, attachments, &m);
	out.max = (size_t)integer(&r, "max", 1024 * 1024);
	if (mime_build(&m, &out, &e) == -1)
		die(1, "%s", e.text);
	fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
	record_release(&r);
}

int
main(void)
{
	enum reader_status status;
	struct reader in;
	char *line;
	size_t len;

	reader_init(&in, 0, LINE_MAX, NULL, NULL);
	for (;;) {
		status = reader_next(&in, &line, &len);
		if (status != READER_LINE)
			break;
		build(line, len);
	}
	reader_release(&in);
	if (status != READER_END)
		die(EX_DATAERR, "stdin: not whole lines");
	return fflush(stdout) == 0 ? 0 : EX_IOERR;
}
