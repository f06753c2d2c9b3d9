/*
 * Records made by chance become mails, for libFuzzer or feed.c: what is not
 * refused is a message that no server and no reader trips over.  Attachments
 * bring their data along, as the sender has them from the ledger.
 */
#include "http.h"

#define TO "ana@example.org"

static const struct provider *mail;

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

static void
check_lines(const struct buf *b)
{
	size_t col = 0;

	for (size_t i = 0; i < b->len; i++) {
		char c = b->data[i];

		promise(c != '\0' && (c >= ' ' || c == '\r' || c == '\n' ||
		    c == '\t') && (unsigned char)c < 0x7f,
		    "it is 7-bit text");
		promise(c != '\n' || (i > 0 && b->data[i - 1] == '\r'),
		    "no bare LF");
		promise(c != '\r' || b->data[i + 1] == '\n', "no bare CR");
		col = c == '\n' ? 0 : col + 1;
		promise(col <= 999, "lines are not too long");
	}
	promise(col == 0, "the last line ends");
}

static void
check_headers(const char *text)
{
	static const char *const once[] = { "\nFrom: ", "\nTo: ",
		"\nDate: ", "\nMessage-ID: <", "\nMIME-Version: 1.0\r\n" };
	const char *end = strstr(text, "\r\n\r\n");
	struct buf head = BUF_INIT(REQUEST_MAX);

	promise(end != NULL, "the headers end");
	buf_char(&head, '\n');
	buf_add(&head, text, (size_t)(end - text));
	buf_str(&head, "\r\n");
	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++)
		promise(count(buf_text(&head), once[i]) == 1,
		    "each header stands there once");
	promise(count(buf_text(&head), "\nBcc:") == 0 &&
	    count(buf_text(&head), "\nContent-Type: ") == 1,
	    "nothing was smuggled in");
	buf_release(&head);
}

/* Every shell that is opened is closed, once, and its boundary is its own. */
static void
check_shells(const char *text)
{
	char end[64];

	for (const char *p = text; (p = strstr(p, "\r\n boundary=\"")) != NULL;
	    p++) {
		snprintf(end, sizeof(end), "\r\n--%.39s--\r\n", p + 13);
		promise(count(text, end) == 1, "a shell is closed once");
	}
}

static void
check(const struct request *out)
{
	check_lines(&out->body);
	check_headers(buf_text(&out->body));
	check_shells(buf_text(&out->body));
	promise(strcmp(out->to, TO) == 0, "it goes to whom it is for");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record record = RECORD_INIT;
	struct request out = { .body = BUF_INIT(REQUEST_MAX) };
	struct order o = { .id = "m1", .channel = "email",
	    .provider = "maildir", .attempt = 1, .to = TO,
	    .record = &record, .token = "abc", .now = 1795474800 };
	struct buf line = BUF_INIT(RECORD_MAX);
	struct error e;

	if (config == NULL) {
		enter("[channel email]\ntype = email\nprovider = maildir\n"
		    "from = Clinica <citas@clinic.example>\n"
		    "[provider maildir]\nkind = maildir\npath = x\n"
		    "[mail]\nbounce_domain = b.example\n"
		    "reply_to = r@clinic.example\nmax_size = 100000\n"
		    "[links]\nkey = env:NONE\n");
		mail = provider_find("maildir", "email");
	}
	o.config = config;
	buf_add(&line, data, size);
	if (record_parse(&record, buf_text(&line), line.len, &e) == 0 &&
	    mail->build(&o, &out, &e) == 0)
		check(&out);
	promise(out.body.len <= 100000, "it is not larger than allowed");
	record_release(&record);
	buf_release(&line);
	buf_release(&out.body);
	return 0;
}
