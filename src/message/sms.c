#include "sms.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uset.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#include "base/unicode.h"
#include "message/segments.h"
#include "message/smart.h"

#define MESSAGE_MAX	900	/* bytes: what standard error gets of it */

/* What stands for a character that is not in GSM-7; NULL: nothing does. */
typedef const char *substitute(UChar32 c, struct arena *mem);

/* The character at `*i`, which moves on.  Records hold nothing but UTF-8. */
static UChar32
next_character(const char *utf8, size_t *i)
{
	const uint8_t *s = (const uint8_t *)utf8;
	UChar32 c;

	U8_NEXT_UNSAFE(s, *i, c);
	return c;
}

static bool
is_gsm7(UChar32 c)
{
	return segments_septets((uint32_t)c) > 0;
}

static void
add_offender(struct sms_offenders *o, const char *s, size_t len, size_t at)
{
	size_t i;

	o->total++;
	for (i = 0; i < o->count; i++)
		if (strncmp(o->item[i].text, s, len) == 0)
			break;
	if (i == SMS_LISTED)
		return;
	if (i == o->count) {
		o->count++;
		o->item[i].at = at;
		memcpy(o->item[i].text, s, len);
	}
	o->item[i].count++;
}

void
sms_offenders(const char *utf8, struct sms_offenders *o)
{
	size_t start, i = 0;

	memset(o, 0, sizeof(*o));
	for (size_t at = 1; utf8[i] != '\0'; at++) {
		start = i;
		if (!is_gsm7(next_character(utf8, &i)))
			add_offender(o, utf8 + start, i - start, at);
	}
}

static void
note(struct sms_change **list, const char *s, size_t len, const char *to,
    struct arena *mem)
{
	while (*list != NULL && strncmp((*list)->from, s, len) != 0)
		list = &(*list)->next;
	if (*list == NULL) {
		*list = arena_alloc(mem, sizeof(**list));
		(*list)->from = arena_strndup(mem, s, len);
		(*list)->to = to;
	}
	(*list)->count++;
}

static const char *
replace(const char *utf8, substitute *of, struct sms_change **changes,
    struct arena *mem)
{
	struct buf out = BUF_INIT(SEGMENTS_TEXT_MAX);
	const char *to;
	size_t start;
	UChar32 c;

	for (size_t i = 0; utf8[i] != '\0';) {
		start = i;
		c = next_character(utf8, &i);
		to = is_gsm7(c) ? NULL : of(c, mem);
		if (to == NULL) {
			buf_add(&out, utf8 + start, i - start);
			continue;
		}
		buf_str(&out, to);
		if (changes != NULL)
			note(changes, utf8 + start, i - start, to, mem);
	}
	to = arena_strndup(mem, buf_text(&out), out.len);
	buf_release(&out);
	return to;
}

static const char *
smart(UChar32 c, struct arena *mem)
{
	(void)mem;
	return smart_replacement((uint32_t)c);
}

const char *
sms_smart(const char *utf8, struct sms_change **changes, struct arena *mem)
{
	return replace(utf8, smart, changes, mem);
}

/*
 * One mark after the other goes, the outermost first, so that much is left:
 * ǘ becomes ü, not u.  The rest must be a letter: "≠" is no "=".  -1: none.
 */
static UChar32
base_letter(UChar32 c)
{
	UErrorCode rc = U_ZERO_ERROR;
	const UNormalizer2 *form = unorm2_getNFCInstance(&rc);
	UChar apart[8];
	int32_t n;

	if (c == 0xaa || c == 0xba)	/* ª º: 1.ª, 2.º */
		return c == 0xaa ? 'a' : 'o';
	while (!is_gsm7(c)) {
		n = unorm2_getRawDecomposition(form, c, apart,
		    sizeof(apart) / sizeof(apart[0]), &rc);
		if (n <= 0 || U_FAILURE(rc))
			return -1;
		c = apart[0];	/* half a pair is no letter */
		if (!u_isalpha(c))
			return -1;
	}
	return c;
}

static const char *
plain(UChar32 c, struct arena *mem)
{
	UChar32 base = base_letter(c);
	UErrorCode rc = U_ZERO_ERROR;
	char s[U8_MAX_LENGTH + 1];

	if (base == -1)
		return NULL;
	u_strToUTF8(s, sizeof(s), NULL, &(UChar){ (UChar)base }, 1, &rc);
	return arena_strdup(mem, s);
}

const char *
sms_plain(const char *utf8, struct sms_change **changes, struct arena *mem)
{
	UChar32 c;

	for (size_t i = 0; utf8[i] != '\0';) {
		c = next_character(utf8, &i);
		if (!is_gsm7(c) && base_letter(c) == -1)
			return NULL;
	}
	return replace(utf8, plain, changes, mem);
}

/*
 * NFC, but for the two quads, of which it would make spaces that Twilio's
 * table does not treat alike.
 */
static int32_t
normalize(const UChar *from, int32_t len, UChar *to, int32_t room)
{
	UErrorCode rc = U_ZERO_ERROR;
	USet *set = uset_open(0x2000, 0x2001);
	UNormalizer2 *form;
	int32_t n;

	uset_complement(set);
	form = unorm2_openFiltered(unorm2_getNFCInstance(&rc), set, &rc);
	n = unorm2_normalize(form, from, len, to, room, &rc);
	unorm2_close(form);
	uset_close(set);
	return U_SUCCESS(rc) ? n : -1;
}

/*
 * A letter and a mark behind it become one character, if there is one: é is in
 * GSM-7, e and U+0301 are not.  No reader sees the difference, so it is not
 * reported.  A text that cannot be composed stays as it is.
 */
static const char *
compose(const char *utf8, struct arena *mem)
{
	int32_t n, len = (int32_t)strlen(utf8), room = 3 * len + 1;
	UChar *wide = arena_alloc(mem, (size_t)(len + 1) * sizeof(*wide));
	UChar *nfc = arena_alloc(mem, (size_t)room * sizeof(*nfc));
	char *text = arena_alloc(mem, (size_t)room);
	UErrorCode rc = U_ZERO_ERROR;

	u_strFromUTF8(wide, len + 1, &n, utf8, len, &rc);
	if (U_FAILURE(rc))
		return utf8;
	n = normalize(wide, n, nfc, room);
	if (n == -1)
		return utf8;
	u_strToUTF8(text, room, &len, nfc, n, &rc);
	return U_SUCCESS(rc) && len < room ? text : utf8;
}

const char *
sms_rewrite(const char *utf8, const struct config *c, const char *account,
    struct sms_change **changes, struct arena *mem)
{
	bool is_smart = config_bool(c, "channel", account, "smart_encoding");
	bool is_plain = strcmp(config_string(c, "channel", account,
	    "accents"), "plain") == 0;
	const char *text = utf8, *better = NULL;

	if (is_smart || is_plain)
		text = compose(text, mem);
	if (is_smart)
		text = sms_smart(text, changes, mem);
	if (is_plain)
		better = sms_plain(text, changes, mem);
	return better == NULL ? text : better;
}

static void
set_changes(struct record *r, const struct sms_change *list)
{
	struct value *all, *one;

	if (list == NULL) {
		record_remove(r, "replaced");
		return;
	}
	all = value_new_array();
	for (; list != NULL; list = list->next) {
		one = value_new_object();
		value_set_string(one, "from", list->from);
		value_set_string(one, "to", list->to);
		value_set_integer(one, "count", (int64_t)list->count);
		value_append_take(all, one);
	}
	record_set_take(r, "replaced", all);
}

static void
set_offenders(struct record *r, const struct sms_offenders *o)
{
	struct value *all, *one;

	if (o->count == 0) {
		record_remove(r, "ucs2");
		return;
	}
	all = value_new_array();
	for (size_t i = 0; i < o->count; i++) {
		one = value_new_object();
		value_set_string(one, "char", o->item[i].text);
		value_set_integer(one, "at", (int64_t)o->item[i].at);
		value_set_integer(one, "count", (int64_t)o->item[i].count);
		value_append_take(all, one);
	}
	record_set_take(r, "ucs2", all);
}

void
sms_offender_text(const struct sms_offender *o, struct buf *out)
{
	size_t i = 0;
	UChar32 c = next_character(o->text, &i);

	if (u_isgraph(c) && (U_GET_GC_MASK(c) & U_GC_M_MASK) == 0)
		buf_str(out, o->text);
	else
		buf_printf(out, "U+%04X", (unsigned int)c);
	buf_printf(out, " at %zu", o->at);
	if (o->count > 1)
		buf_printf(out, " (%zu times)", o->count);
}

static const char *
any_letter(UChar32 c, struct arena *mem)
{
	(void)c;
	(void)mem;
	return "x";
}

void
sms_blame(const char *utf8, struct buf *out, struct arena *mem)
{
	struct sms_offenders o;
	struct segments s;
	size_t others;

	sms_offenders(utf8, &o);
	others = o.total;
	for (size_t i = 0; i < o.count; i++) {
		buf_str(out, i == 0 ? "; not in GSM-7: " : ", ");
		sms_offender_text(&o.item[i], out);
		others -= o.item[i].count;
	}
	if (others > 0)
		buf_printf(out, " and %zu more", others);
	if (o.count > 0 &&
	    segments_count(replace(utf8, any_letter, NULL, mem), &s))
		buf_printf(out, "; %d with letters of GSM-7 in their place",
		    s.count);
}

static void
refuse_segments(struct filter *f, struct record *r, const char *text,
    const struct segments *s, int64_t max)
{
	struct buf why = BUF_INIT(MESSAGE_MAX);

	buf_printf(&why, "%d segments in %s, at most %lld are allowed",
	    s->count, s->encoding, (long long)max);
	sms_blame(text, &why, &f->mem);
	filter_refuse(f, r, "too_many_segments", "text", "%s", buf_text(&why));
	buf_release(&why);
}

bool
sms_prepare(struct filter *f, struct record *r, const struct config *c,
    const char *account)
{
	int64_t max = config_integer(c, "channel", account, "max_segments");
	const char *was = record_string(r, "text"), *text = was;
	struct sms_offenders o = { .count = 0 };
	struct sms_change *changes = NULL;
	struct segments s;
	bool counted;
	size_t n;

	/* Most texts are GSM-7 as they are, and then there is nothing to do. */
	counted = segments_count(was, &s);
	if (!counted || s.first_ucs2 >= 0) {
		text = sms_rewrite(was, c, account, &changes, &f->mem);
		counted = segments_count(text, &s);
	}
	if (text != was && strcmp(text, was) != 0)
		record_set_string(r, "text", text);
	set_changes(r, changes);
	if (!counted || s.first_ucs2 >= 0)
		sms_offenders(text, &o);
	set_offenders(r, &o);
	n = utf8_count(text, strlen(text));
	if (n > SMS_TEXT_MAX || !counted) {
		filter_refuse(f, r, "too_long", "text",
		    "%zu characters; an SMS has at most %d", n, SMS_TEXT_MAX);
		return false;
	}
	if (max > 0 && s.count > max) {
		refuse_segments(f, r, text, &s, max);
		return false;
	}
	record_set_integer(r, "segments", s.count);
	record_set_string(r, "encoding", s.encoding);
	return true;
}
