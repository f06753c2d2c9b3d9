/*
 * usage: mailtold FILE...	or	mailtold - <RECORDS
 *
 * What mails say, for tests with corpora: of each file one line, an object of
 * `file` and `events`; or of each record with a `body` its `text` without what
 * is quoted, and the `intent` of that.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/io.h"
#include "message/reply.h"
#include "provider/mail_hook.h"
#include "provider/mail_text.h"

#define FILE_MAX	((size_t)64 * 1024 * 1024)

static void
put(struct value *v)
{
	struct buf out = BUF_INIT(4 * FILE_MAX);

	value_write(v, &out);
	puts(buf_text(&out));
	buf_release(&out);
	value_free(v);
}

static void
read_mail(const char *path)
{
	static const struct mail_envelope nothing = { .sender = NULL };
	struct value *v = value_new_object(), *events;
	struct buf raw = BUF_INIT(FILE_MAX);
	struct error e;

	if (io_read_file(AT_FDCWD, path, &raw, &e) == -1)
		die(e.status, "%s", e.text);
	value_set_string(v, "file", path);
	if (mail_hook_read(buf_text(&raw), raw.len, &nothing, &events,
	    &e) == 0)
		value_set_take(v, "events", events);
	else
		value_set_string(v, "error", e.text);
	buf_release(&raw);
	put(v);
}

static void
read_reply(const char *line, size_t len)
{
	struct value *v = value_new_object(), *in;
	struct buf words = BUF_INIT(FILE_MAX);
	struct error e;

	in = value_parse(line, len, &e);
	if (in == NULL || value_get_string(in, "body") == NULL)
		die(EX_DATAERR, "no body");
	mail_own_words(value_get_string(in, "body"), &words);
	value_set_string(v, "text", buf_text(&words));
	value_set_string(v, "intent", reply_intent_name(reply_classify(
	    buf_text(&words), words.len)));
	value_free(in);
	buf_release(&words);
	put(v);
}

int
main(int argc, char *argv[])
{
	struct buf all = BUF_INIT(FILE_MAX);
	const char *s;
	struct error e;
	size_t n;

	record_setup();
	if (argc == 2 && strcmp(argv[1], "-") == 0) {
		if (io_read_fd(STDIN_FILENO, "stdin", &all, &e) == -1)
			die(e.status, "%s", e.text);
		for (s = buf_text(&all); *s != '\0'; s += n + (s[n] != 0)) {
			n = strcspn(s, "\n");
			read_reply(s, n);
		}
		buf_release(&all);
	} else
		for (int i = 1; i < argc; i++)
			read_mail(argv[i]);
	return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}
