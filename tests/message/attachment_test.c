#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "message/attachment.h"

/* What is said of `json`, in which ' stands for "; "" when it is taken. */
static int
read_json(const char *json, struct attachment out[ATTACHMENTS_MAX],
    struct value **keep, struct error *e)
{
	struct buf text = BUF_INIT(100000);
	struct error why;

	for (; *json != '\0'; json++)
		buf_char(&text, *json == '\'' ? '"' : *json);
	*keep = value_parse(buf_text(&text), text.len, &why);
	assert(*keep != NULL);
	buf_release(&text);
	*e = (struct error){ 0 };
	return attachments_parse(*keep, out, e);
}

static void
refuse(const char *json, const char *want)
{
	struct attachment all[ATTACHMENTS_MAX];
	struct value *v;
	struct error e;

	assert(read_json(json, all, &v, &e) == -1);
	if (strcmp(e.text, want) != 0)
		fprintf(stderr, "%s\ngot:  %s\nwant: %s\n", json, e.text,
		    want);
	assert(strcmp(e.text, want) == 0 && e.status == EX_DATAERR);
	value_free(v);
}

/* The one attachment of `json` is "TYPE FILENAME". */
static void
is(const char *json, const char *want)
{
	struct attachment all[ATTACHMENTS_MAX];
	char got[500];
	struct value *v;
	struct error e;
	int n = read_json(json, all, &v, &e);

	if (n != 1)
		fprintf(stderr, "%s: %s\n", json, e.text);
	assert(n == 1);
	snprintf(got, sizeof(got), "%s %s", all[0].type,
	    all[0].filename == NULL ? "-" : all[0].filename);
	if (strcmp(got, want) != 0)
		fprintf(stderr, "%s\ngot:  %s\nwant: %s\n", json, got, want);
	assert(strcmp(got, want) == 0);
	value_free(v);
}

static void
guesses(void)
{
	is("[{'path':'a/b/Cita.PDF'}]", "application/pdf Cita.PDF");
	is("[{'path':'cita.ics'}]", "text/calendar cita.ics");
	is("[{'path':'x.tar.gz'}]", "application/octet-stream x.tar.gz");
	is("[{'path':'README'}]", "application/octet-stream README");
	is("[{'path':'m.eml'}]", "application/octet-stream m.eml");
	is("[{'path':'x','filename':'maña na.jpg'}]", "image/jpeg maña na.jpg");
	is("[{'path':'x.pdf','type':'text/x-y','filename':null}]",
	    "text/x-y x.pdf");
	is("[{'data':'','cid':'logo','type':'image/png'}]", "image/png -");
	is("[{'data':'','method':'REQUEST','type':'text/calendar'}]",
	    "text/calendar -");
	is("[{'data':'','filename':'a.ics','method':'PUBLISH'}]",
	    "text/calendar a.ics");
	is("[{'data':'','cid':'a.b-c_d@x.example'}]",
	    "application/octet-stream -");
	is("[{'content':'attachment/00ff','filename':'a'}]",
	    "application/octet-stream a");
}

static void
refusals(void)
{
	static const char cid[] = "attachments.0.cid: not up to 128 letters, "
	    "digits and . _ -";
	static const char type[] = "attachments.0.type: not a type such as "
	    "application/pdf, without parameters";
	static const char *const bad_cids[] = { "", "a b", "<a>", "a@", "@a",
		"a@b@c", ".a", "a.", "a..b", "a.@b", "ñ", "a@b.", "a\\nb" };
	static const char *const bad_types[] = { "", "pdf", "a/", "/b",
		"a/b/c", "a/b; c=d", "a b/c", "text/plain\\r\\nBcc: x@y" };
	char json[300];

	refuse("{}", "attachments: not an array");
	refuse("['x']", "attachments.0: not an object");
	refuse("[{}]", "attachments.0: neither path nor data");
	refuse("[{'path':'a','data':''}]",
	    "attachments.0: more than one of path, data and content");
	refuse("[{'path':7}]", "attachments.0.path: not a string");
	refuse("[{'path':''}]", "attachments.0.path: empty");
	refuse("[{'path':'a/'}]", "attachments.0.path: its last part: empty, "
	    "or longer than 255 bytes");
	refuse("[{'path':'a','file_name':'b'}]",
	    "attachments.0.file_name: no member of an attachment");
	refuse("[{'data':'aGk='}]", "attachments.0.filename: missing, and "
	    "there is no path to take it from");
	refuse("[{'content':'message/00','filename':'a'}]",
	    "attachments.0.content: not the key of an attachment");
	refuse("[{'path':'a','filename':'x\\ny'}]",
	    "attachments.0.filename: has a newline in a line");
	refuse("[{'path':'a','filename':'x\\u001by'}]",
	    "attachments.0.filename: has a control character");
	refuse("[{'path':'a','filename':'x\\u202Efdp.exe'}]",
	    "attachments.0.filename: has a character that turns the "
	    "direction of writing");
	refuse("[{'path':'a','filename':'../x'}]",
	    "attachments.0.filename: has a slash or a backslash");
	refuse("[{'path':'a','filename':'x\\\\y'}]",
	    "attachments.0.filename: has a slash or a backslash");
	refuse("[{'path':'a','filename':'..'}]",
	    "attachments.0.filename: not a name");
	refuse("[{'path':'a','filename':' x'}]",
	    "attachments.0.filename: has a space at an end");
	refuse("[{'path':'a','filename':'x\\u00a0'}]",
	    "attachments.0.filename: has a space at an end");
	refuse("[{'path':'a','type':'message/rfc822'}]", "attachments.0.type: "
	    "multipart and message cannot be attached");
	refuse("[{'path':'a.ics','method':'request'}]",
	    "attachments.0.method: not a method of iTIP, such as REQUEST");
	refuse("[{'path':'a.pdf','method':'REQUEST'}]",
	    "attachments.0.method: only a text/calendar has one");
	refuse("[{'path':'a.ics','method':'REQUEST','cid':'x'}]",
	    "attachments.0.cid: an invitation is no picture");
	refuse("[{'path':'a','cid':'x'},{'path':'b','cid':'x'}]",
	    "attachments.1.cid: attachments.0 has the same");
	refuse("[{'path':'a.ics','method':'ADD'},"
	    "{'path':'b.ics','method':'ADD'}]", "attachments.1.method: "
	    "attachments.0 is an invitation already");
	for (size_t i = 0; i < sizeof(bad_cids) / sizeof(bad_cids[0]); i++) {
		snprintf(json, sizeof(json), "[{'path':'a','cid':'%s'}]",
		    bad_cids[i]);
		refuse(json, cid);
	}
	for (size_t i = 0; i < sizeof(bad_types) / sizeof(bad_types[0]); i++) {
		snprintf(json, sizeof(json), "[{'path':'a','type':'%s'}]",
		    bad_types[i]);
		refuse(json, type);
	}
}

static void
limits(void)
{
	struct attachment all[ATTACHMENTS_MAX];
	struct buf json = BUF_INIT(100000);
	char name[300];
	struct value *v;
	struct error e;

	for (int n = ATTACHMENTS_MAX; n <= ATTACHMENTS_MAX + 1; n++) {
		buf_clear(&json);
		for (int i = 0; i < n; i++)
			buf_str(&json, i == 0 ? "[{'path':'a'}" :
			    ",{'path':'a'}");
		buf_char(&json, ']');
		assert(read_json(buf_text(&json), all, &v, &e) ==
		    (n == ATTACHMENTS_MAX ? n : -1));
		value_free(v);
	}
	assert(strcmp(e.text, "attachments: 33 of them; at most 32 go with a "
	    "mail") == 0);
	memset(name, 'x', sizeof(name));
	for (int n = ATTACHMENT_NAME_MAX; n <= ATTACHMENT_NAME_MAX + 1; n++) {
		buf_clear(&json);
		buf_printf(&json, "[{'data':'','filename':'%.*s'}]", n, name);
		assert(read_json(buf_text(&json), all, &v, &e) ==
		    (n == ATTACHMENT_NAME_MAX ? 1 : -1));
		value_free(v);
	}
	buf_release(&json);
}

static void
decodes(const char *text, const char *want, size_t len)
{
	struct buf out = BUF_INIT(100);

	assert(attachment_decode(text, &out) == 0);
	assert(out.len == len && memcmp(buf_text(&out), want, len) == 0);
	buf_release(&out);
}

static void
base64(void)
{
	static const char *const bad[] = { "a", "ab", "abc", "ab=", "a===",
		"====", "=", "ab==c", "ab=c", "abc==", "abcd=", "a-_b", "a.bc",
		"aGk=\nx", "ñ", "abcde" };
	struct buf out = BUF_INIT(100), small = BUF_INIT(2);

	decodes("", "", 0);
	decodes("aGk=", "hi", 2);
	decodes("aA==", "h", 1);
	decodes("aGkh", "hi!", 3);
	decodes(" aG\r\nk=\n", "hi", 2);
	decodes("AAH/", "\0\1\377", 3);
	decodes("++//", "\373\357\377", 3);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		buf_clear(&out);
		assert(attachment_decode(bad[i], &out) == -1);
		assert(!out.full);
	}
	assert(attachment_decode("aGk=", &small) == 0);
	buf_clear(&small);
	assert(attachment_decode("aGkh", &small) == -1 && small.full);
	buf_release(&out);
	buf_release(&small);
}

/* The names that `html` shows, one after the other. */
static void
shows(const char *html, const char *want)
{
	struct cid_scan s = { .at = html };
	struct buf got = BUF_INIT(1000);
	const char *id;
	size_t len;

	while ((len = cid_next(&s, &id)) > 0) {
		if (got.len > 0)
			buf_char(&got, ' ');
		buf_add(&got, id, len);
	}
	if (strcmp(buf_text(&got), want) != 0)
		fprintf(stderr, "%s\ngot:  %s\nwant: %s\n", html,
		    buf_text(&got), want);
	assert(strcmp(buf_text(&got), want) == 0);
	buf_release(&got);
}

static void
pictures(void)
{
	shows("", "");
	shows("<p>cid:a, (cid:b) \"cid:c\"</p>", "");
	shows("<img src=\"cid:a\"><IMG SRC='CID:b'><img src=cid:c>", "a b c");
	shows("<img src = \" cid:a \" alt='x > cid:z'>", "a");
	shows("<td style=\"background:url(cid:a)\">", "a");
	shows("<td style='background: url( \"cid:a\" )'>", "a");
	shows("<style>p{background:url(cid:a)}</style><p>cid:b", "a");
	shows("<!--[if mso]><v:fill src=\"cid:a\"/><![endif]-->", "a");
	shows("<img src=\"cid:\"><img src=\"cid:", "");
	shows("1 < 2 \"cid:a\"", "");
	shows("<img src=\"cid:a\"><p>\"cid:b\"</p><img src='cid:a'>", "a a");
	shows("<a title='say \"cid:x\"' href='cid:y'>", "x y");
}

static void
missing_pictures(void)
{
	static const struct attachment all[] = {
		{ .cid = "logo" }, { .filename = "x" } };
	struct error e;

	assert(attachments_check_html(all, 2, "<img src='cid:logo'>", &e) ==
	    0);
	assert(attachments_check_html(all, 2, "<p>Hola", &e) == 0);
	assert(attachments_check_html(all, 2, "<img src='cid:logo2'>", &e) ==
	    -1);
	assert(strcmp(e.text, "html: shows cid:logo2, which no attachment "
	    "is") == 0);
	assert(attachments_check_html(all, 2, "<img src='cid:log'>", &e) ==
	    -1);
}

int
main(void)
{
	record_setup();
	guesses();
	refusals();
	limits();
	base64();
	pictures();
	missing_pictures();
	return 0;
}
