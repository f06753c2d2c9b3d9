#include "attachment.h"

#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unicode/utf8.h>

#include "base/text.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS	"0123456789"
#define HALF_MAX 63	/* of a type */

/* What people attach; the rest is application/octet-stream. */
static const struct { const char *end, *type; } types[] = {
	{ "csv", "text/csv" },
	{ "doc", "application/msword" },
	{ "docx", "application/vnd.openxmlformats-officedocument."
	    "wordprocessingml.document" },
	{ "gif", "image/gif" },
	{ "htm", "text/html" },
	{ "html", "text/html" },
	{ "ics", "text/calendar" },
	{ "jpeg", "image/jpeg" },
	{ "jpg", "image/jpeg" },
	{ "json", "application/json" },
	{ "mp3", "audio/mpeg" },
	{ "mp4", "video/mp4" },
	{ "odp", "application/vnd.oasis.opendocument.presentation" },
	{ "ods", "application/vnd.oasis.opendocument.spreadsheet" },
	{ "odt", "application/vnd.oasis.opendocument.text" },
	{ "ogg", "audio/ogg" },
	{ "pdf", "application/pdf" },
	{ "pkpass", "application/vnd.apple.pkpass" },
	{ "png", "image/png" },
	{ "pptx", "application/vnd.openxmlformats-officedocument."
	    "presentationml.presentation" },
	{ "rtf", "application/rtf" },
	{ "svg", "image/svg+xml" },
	{ "txt", "text/plain" },
	{ "vcf", "text/vcard" },
	{ "wav", "audio/wav" },
	{ "webp", "image/webp" },
	{ "xls", "application/vnd.ms-excel" },
	{ "xlsx", "application/vnd.openxmlformats-officedocument."
	    "spreadsheetml.sheet" },
	{ "xml", "application/xml" },
	{ "zip", "application/zip" }
};

static const char *
guess_type(const char *filename)
{
	const char *dot = filename == NULL ? NULL : strrchr(filename, '.');

	for (size_t i = 0; dot != NULL && i < sizeof(types) /
	    sizeof(types[0]); i++)
		if (strcasecmp(dot + 1, types[i].end) == 0)
			return types[i].type;
	return "application/octet-stream";
}

static const char *
last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/*
 * One member
 */

/* RFC 6838 4.2: what can stand on either side of the slash. */
static size_t
half_length(const char *s)
{
	size_t len = strspn(s, LETTERS DIGITS "!#$&-^_.+");

	return len > 0 && len <= HALF_MAX &&
	    strchr(LETTERS DIGITS, s[0]) != NULL ? len : 0;
}

static const char *
bad_type(const char *s)
{
	size_t len = half_length(s), rest;

	rest = len > 0 && s[len] == '/' ? half_length(s + len + 1) : 0;
	if (rest == 0 || s[len + 1 + rest] != '\0')
		return "not a type such as application/pdf, without "
		    "parameters";
	/* These must not be encoded, and hold mails of their own. */
	if (strncasecmp(s, "multipart/", 10) == 0 ||
	    strncasecmp(s, "message/", 8) == 0)
		return "multipart and message cannot be attached";
	return NULL;
}

/* Some readers take such a thing off, and then it is another name. */
static bool
is_unseen_at_end(const char *s, size_t len)
{
	UChar32 first, last;
	int32_t i = 0, end = (int32_t)len;

	U8_NEXT((const uint8_t *)s, i, end, first);
	U8_PREV((const uint8_t *)s, 0, end, last);
	return text_is_unseen(first) || text_is_unseen(last);
}

static const char *
bad_filename(const char *s)
{
	size_t len = strlen(s);
	const char *why = text_fault(s, len, true);

	if (why != NULL)
		return why;
	if (len == 0 || len > ATTACHMENT_NAME_MAX)
		return "empty, or longer than 255 bytes";
	if (strpbrk(s, "/\\") != NULL)
		return "has a slash or a backslash";
	if (strcmp(s, ".") == 0 || strcmp(s, "..") == 0)
		return "not a name";
	if (is_unseen_at_end(s, len))
		return "has a space at an end";
	return NULL;
}

static const char *
bad_cid(const char *s)
{
	size_t left = strspn(s, LETTERS DIGITS "._-"), right;

	right = s[left] == '@' ? strspn(s + left + 1, LETTERS DIGITS ".-") : 0;
	if (left == 0 || left + right > ATTACHMENT_CID_MAX ||
	    (s[left] == '@' && right == 0) ||
	    s[left + (s[left] == '@') + right] != '\0' || s[0] == '.' ||
	    strstr(s, "..") != NULL || strstr(s, ".@") != NULL ||
	    strstr(s, "@.") != NULL || s[strlen(s) - 1] == '.')
		return "not up to 128 letters, digits and . _ -";
	return NULL;
}

static const char *
bad_method(const char *s)
{
	/* RFC 5546 1.4 */
	static const char *const methods[] = { "PUBLISH", "REQUEST", "REPLY",
		"ADD", "CANCEL", "REFRESH", "COUNTER", "DECLINECOUNTER" };

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(s, methods[i]) == 0)
			return NULL;
	return "not a method of iTIP, such as REQUEST";
}

/* One byte is enough to tell "attachment/" from what else the ledger has. */
static const char *
bad_content(const char *s)
{
	static const char kind[] = "attachment/";
	size_t len = sizeof(kind) - 1;

	return strncmp(s, kind, len) == 0 && s[len] != '\0' &&
	    s[len + strspn(s + len, "0123456789abcdef")] == '\0' ? NULL :
	    "not the key of an attachment";
}

static const char *
bad_path(const char *s)
{
	const char *why = text_fault(s, strlen(s), true);

	if (why == NULL && *s == '\0')
		why = "empty";
	return why;
}

static const char *
not_checked(const char *s)
{
	(void)s;
	return NULL;
}

/* What may be in the object, where it goes, and what is wrong with it. */
static int
read_member(const char *key, const struct value *v, size_t i,
    struct attachment *a, struct error *e)
{
	const struct {
		const char *key, **out;
		const char *(*bad)(const char *s);
	} members[] = {
		{ "path", &a->path, bad_path },
		{ "data", &a->data, not_checked },
		{ "content", &a->content, bad_content },
		{ "type", &a->type, bad_type },
		{ "filename", &a->filename, bad_filename },
		{ "cid", &a->cid, bad_cid },
		{ "method", &a->method, bad_method }
	};
	const char *why;
	size_t k = 0;

	while (k < sizeof(members) / sizeof(members[0]) &&
	    strcmp(members[k].key, key) != 0)
		k++;
	if (k == sizeof(members) / sizeof(members[0]))
		return error_set(e, EX_DATAERR, "attachments.%zu.%.60s: no "
		    "member of an attachment", i, key);
	if (value_type(v) == VALUE_NULL)
		return 0;
	*members[k].out = value_string(v);
	if (*members[k].out == NULL)
		return error_set(e, EX_DATAERR, "attachments.%zu.%s: not a "
		    "string", i, key);
	why = members[k].bad(*members[k].out);
	return why == NULL ? 0 : error_set(e, EX_DATAERR,
	    "attachments.%zu.%s: %s", i, key, why);
}

/*
 * What the members mean together
 */

static int
check_source(const struct attachment *a, size_t i, struct error *e)
{
	int sources = (a->path != NULL) + (a->data != NULL) +
	    (a->content != NULL);

	if (sources == 1)
		return 0;
	return error_set(e, EX_DATAERR, "attachments.%zu: %s", i,
	    sources == 0 ? "neither path nor data" :
	    "more than one of path, data and content");
}

static int
check_method(const struct attachment *a, size_t i, struct error *e)
{
	if (a->method == NULL)
		return 0;
	if (strcasecmp(a->type, "text/calendar") != 0)
		return error_set(e, EX_DATAERR, "attachments.%zu.method: only "
		    "a text/calendar has one", i);
	if (a->cid != NULL)
		return error_set(e, EX_DATAERR, "attachments.%zu.cid: an "
		    "invitation is no picture", i);
	return 0;
}

/* What is made of the others where nothing is said. */
static int
complete(struct attachment *a, size_t i, struct error *e)
{
	const char *why;

	if (a->filename == NULL && a->path != NULL) {
		a->filename = last_part(a->path);
		why = bad_filename(a->filename);
		if (why != NULL)
			return error_set(e, EX_DATAERR, "attachments.%zu.path: "
			    "its last part: %s", i, why);
	}
	if (a->type == NULL)
		a->type = guess_type(a->filename);
	if (check_method(a, i, e) == -1)
		return -1;
	if (a->filename == NULL && a->cid == NULL && a->method == NULL)
		return error_set(e, EX_DATAERR, "attachments.%zu.filename: "
		    "missing, and there is no path to take it from", i);
	return 0;
}

static int
read_one(const struct value *v, size_t i, struct attachment *a,
    struct error *e)
{
	struct value_iter it = { 0 };

	*a = (struct attachment){ 0 };
	if (value_type(v) != VALUE_OBJECT)
		return error_set(e, EX_DATAERR, "attachments.%zu: not an "
		    "object", i);
	while (value_next(v, &it))
		if (read_member(it.key, it.value, i, a, e) == -1)
			return -1;
	if (check_source(a, i, e) == -1)
		return -1;
	return complete(a, i, e);
}

/* One picture for each cid, and one invitation. */
static int
check_others(const struct attachment *all, size_t i, struct error *e)
{
	for (size_t k = 0; k < i; k++) {
		if (all[i].cid != NULL && all[k].cid != NULL &&
		    strcmp(all[i].cid, all[k].cid) == 0)
			return error_set(e, EX_DATAERR, "attachments.%zu.cid: "
			    "attachments.%zu has the same", i, k);
		if (all[i].method != NULL && all[k].method != NULL)
			return error_set(e, EX_DATAERR,
			    "attachments.%zu.method: attachments.%zu is an "
			    "invitation already", i, k);
	}
	return 0;
}

int
attachments_parse(const struct value *all,
    struct attachment out[ATTACHMENTS_MAX], struct error *e)
{
	size_t count = value_count(all);
	enum value_type type = value_type(all);

	if (type == VALUE_ABSENT || type == VALUE_NULL)
		return 0;
	if (type != VALUE_ARRAY)
		return error_set(e, EX_DATAERR, "attachments: not an array");
	if (count > ATTACHMENTS_MAX)
		return error_set(e, EX_DATAERR, "attachments: %zu of them; at "
		    "most %d go with a mail", count, ATTACHMENTS_MAX);
	for (size_t i = 0; i < count; i++)
		if (read_one(value_at(all, i), i, &out[i], e) == -1 ||
		    check_others(out, i, e) == -1)
			return -1;
	return (int)count;
}

int
attachments_read(const struct record *r,
    struct attachment out[ATTACHMENTS_MAX], struct error *e)
{
	return attachments_parse(record_get(r, "attachments"), out, e);
}

/*
 * Base 64
 */

/* -1: no digit of it. */
static int
digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* The padding, after `have` digits of a group of four. */
static bool
is_end(const char *s, int have)
{
	int padding = 0;

	for (; *s != '\0'; s++)
		if (*s == '=')
			padding++;
		else if (strchr(" \t\r\n", *s) == NULL)
			return false;
	return have == 0 ? padding == 0 : have > 1 && have + padding == 4;
}

int
attachment_decode(const char *text, struct buf *out)
{
	unsigned int bits = 0;
	int have = 0, n;

	for (; *text != '\0' && *text != '='; text++) {
		if (strchr(" \t\r\n", *text) != NULL)
			continue;
		n = digit_value(*text);
		if (n == -1)
			return -1;
		bits = bits << 6 | (unsigned int)n;
		if (++have < 4)
			continue;
		buf_add(out, (char[]){ (char)(bits >> 16), (char)(bits >> 8),
		    (char)bits }, 3);
		have = 0;
		bits = 0;
	}
	if (!is_end(text, have))
		return -1;
	if (have > 1)
		buf_char(out, (char)(bits >> (have == 2 ? 4 : 10)));
	if (have > 2)
		buf_char(out, (char)(bits >> 2));
	return out->full ? -1 : 0;
}

/*
 * Pictures in the html
 */

static bool
is_letter(char c)
{
	return c != '\0' && strchr(LETTERS, c) != NULL;
}

/* Whether a tag begins, goes on or ends at `*s->at`. */
static void
follow_tag(struct cid_scan *s)
{
	char c = *s->at;

	if (!s->in_tag)
		s->in_tag = c == '<' && is_letter(s->at[1]);
	else if (s->quote != '\0')
		s->quote = c == s->quote ? '\0' : s->quote;
	else if (c == '"' || c == '\'')
		s->quote = c;
	else
		s->in_tag = c != '>';
}

/* Where an address begins behind `s->at`, or NULL. */
static const char *
address_at(const struct cid_scan *s)
{
	const char *p = s->at;

	if (strncasecmp(p, "url(", 4) == 0) {
		p += 4;
		p += strspn(p, " \t\r\n\"'");
		return p;
	}
	if (!s->in_tag || (*p != '=' && *p != '"' && *p != '\''))
		return NULL;
	return p + 1 + strspn(p + 1, " \t\r\n");
}

size_t
cid_next(struct cid_scan *s, const char **id)
{
	const char *p;
	size_t len;

	/* Most mails show no picture of their own: they are not walked. */
	if (strcasestr(s->at, "cid:") == NULL)
		return 0;
	for (; *s->at != '\0'; s->at++) {
		follow_tag(s);
		p = address_at(s);
		if (p == NULL || strncasecmp(p, "cid:", 4) != 0)
			continue;
		p += 4;
		len = strcspn(p, "\"'()<>, \t\r\n\f");
		/* An opening quote behind this sign tells the same again. */
		if (len == 0)
			continue;
		*id = p;
		s->at++;
		/* What lies between is no tag's end, and no quote. */
		for (; s->at < p + len; s->at++)
			follow_tag(s);
		return len;
	}
	return 0;
}

const struct attachment *
attachment_of_cid(const struct attachment *all, size_t count, const char *cid,
    size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (all[i].cid != NULL && strncmp(all[i].cid, cid, len) == 0 &&
		    all[i].cid[len] == '\0')
			return &all[i];
	return NULL;
}

int
attachments_check_html(const struct attachment *all, size_t count,
    const char *html, struct error *e)
{
	struct cid_scan s = { .at = html };
	const char *id;
	size_t len;

	while ((len = cid_next(&s, &id)) > 0)
		if (attachment_of_cid(all, count, id, len) == NULL)
			return error_set(e, EX_DATAERR, "html: shows cid:%.*s, "
			    "which no attachment is", len > 60 ? 60 :
			    (int)len, id);
	return 0;
}
