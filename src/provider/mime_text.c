/* Bodies of text, and how they get through as they are. */

#include "provider/mime_impl.h"

#include <string.h>

#define BODY_COLS	78	/* of a body line that goes out as it is */
#define FLOW_COLS	72	/* of one that is made by breaking another */
#define QP_COLS		76

static const char hex_digits[] = "0123456789ABCDEF";

/*
 * Bodies
 */

/*
 * Whether nothing on the way would change or refuse it: short ASCII lines,
 * no space at an end of line (lost), no "From " at a start (gets a ">").
 */
static bool
is_plain(const char *s)
{
	size_t col = 0, n;

	for (; *s != '\0'; s++) {
		n = mime_line_end(s);
		if (n > 0) {
			s += n - 1;
			col = 0;
			continue;
		}
		if ((*s < ' ' && *s != '\t') || *s >= 0x7f ||
		    ++col > BODY_COLS)
			return false;
		if (col == 1 && strncmp(s, "From ", 5) == 0)
			return false;
		if ((*s == ' ' || *s == '\t') &&
		    (s[1] == '\0' || mime_line_end(s + 1) > 0))
			return false;
	}
	return true;
}

static void
plain_encode(const char *s, struct buf *out)
{
	while (*s != '\0') {
		size_t n = strcspn(s, "\r\n");

		buf_add(out, s, n);
		s += n;
		n = mime_line_end(s);
		if (n > 0)
			buf_str(out, "\r\n");
		s += n;
	}
}

/*
 * One character in quoted-printable.  `last`: a line end follows, which would
 * eat a space.  Returns the length.
 */
static size_t
qp_char(const char *s, size_t len, bool last, char out[12])
{
	size_t n = 0;

	if (len == 1 && ((*s > ' ' && *s < 0x7f && *s != '=') ||
	    ((*s == ' ' || *s == '\t') && !last))) {
		out[0] = *s;
		return 1;
	}
	for (size_t i = 0; i < len; i++) {
		out[n++] = '=';
		out[n++] = hex_digits[(unsigned char)s[i] >> 4];
		out[n++] = hex_digits[(unsigned char)s[i] & 15];
	}
	return n;
}

static void
qp_encode(const char *s, struct buf *out)
{
	const char *end = s + strlen(s);
	char text[12];
	size_t col = 0;

	while (s < end) {
		size_t n = mime_line_end(s), len;
		bool last;

		if (n > 0) {
			buf_str(out, "\r\n");
			col = 0;
			s += n;
			continue;
		}
		n = utf8_length(s, (size_t)(end - s));
		last = s + n == end || mime_line_end(s + n) > 0;
		len = qp_char(s, n, last, text);
		if (col + len > (last ? QP_COLS : QP_COLS - 1)) {
			buf_str(out, "=\r\n");
			col = 0;
		}
		if (col == 0 && strncmp(s, "From ", 5) == 0) {
			memcpy(text, "=46", 3);
			len = 3;
		}
		buf_add(out, text, len);
		col += len;
		s += n;
	}
}

/* A body with its own headers; `more` are parameters of its type. */
static void
put_part(const char *subtype, const char *more, const char *s,
    struct buf *out)
{
	bool plain = is_plain(s);

	buf_printf(out, "Content-Type: text/%s; charset=UTF-8%s\r\n"
	    "Content-Transfer-Encoding: %s\r\n\r\n", subtype, more,
	    plain ? "7bit" : "quoted-printable");
	if (plain)
		plain_encode(s, out);
	else
		qp_encode(s, out);
}

/*
 * format=flowed, RFC 3676: a paragraph that is one long line becomes lines
 * that end in a space, so that who knows nothing of it sees 72 columns, and
 * who does sees the paragraph as wide as the window.
 */

#define SIGNATURE	"-- "	/* a line of its own, RFC 3676 4.3 */

/* At a start of line these would mean something, RFC 3676 4.4. */
static bool
needs_stuffing(const char *s)
{
	return *s == ' ' || *s == '>' || strncmp(s, "From ", 5) == 0;
}

/*
 * It is worth it where a line is long, and possible where none ends in a
 * space: that would be read as the middle of a paragraph.
 */
static bool
can_flow(const char *s)
{
	bool is_long = false;
	size_t len;

	for (; *s != '\0'; s += len + mime_line_end(s + len)) {
		len = strcspn(s, "\r\n");
		if (len > 0 && s[len - 1] == ' ' &&
		    (len != strlen(SIGNATURE) ||
		    strncmp(s, SIGNATURE, len) != 0))
			return false;
		is_long = is_long || utf8_count(s, len) > BODY_COLS;
	}
	return is_long;
}

/*
 * Where to break a line of `len` bytes: behind a space, and before what needs
 * no stuffing, for not all readers take that off within a paragraph.  The last
 * such place in FLOW_COLS columns, else the first one behind; or `len`.
 */
static size_t
flow_break(const char *s, size_t len)
{
	size_t at = len, col = 0;

	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_length(s + i, len - i);
		if (++col > FLOW_COLS && at < len)
			break;
		if (s[i] == ' ' && i + 1 < len && !needs_stuffing(s + i + 1) &&
		    (i + 1 != strlen(SIGNATURE) ||
		    strncmp(s, SIGNATURE, i + 1) != 0))
			at = i + 1;
	}
	return utf8_count(s, len) > FLOW_COLS ? at : len;
}

static void
flow(const char *s, struct buf *out)
{
	size_t len, part;

	while (*s != '\0') {
		len = strcspn(s, "\r\n");
		if (needs_stuffing(s))
			buf_char(out, ' ');
		for (; len > 0; len -= part, s += part) {
			part = flow_break(s, len);
			buf_add(out, s, part);
			if (part < len)
				buf_char(out, '\n');
		}
		if (*s != '\0')
			buf_char(out, '\n');
		s += mime_line_end(s);
	}
}

void
mime_put_plain(const char *s, struct buf *out)
{
	struct buf flowed = BUF_INIT(2 * strlen(s) + 2);

	if (can_flow(s)) {
		flow(s, &flowed);
		put_part("plain", "; format=flowed", buf_text(&flowed), out);
	} else
		put_part("plain", "", s, out);
	buf_release(&flowed);
}

void
mime_put_html(const char *s, struct buf *out)
{
	put_part("html", "", s, out);
}
