/* What a push notice is made of, whatever takes it to the device. */
#include "push.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/digest.h"
#include "base/text.h"

/* How much a class may disturb; another is like a reminder. */
static const struct {
	const char *class, *urgency;
	int priority;
} classes[] = {
	{ "alert", "high", 5 },
	{ "transactional", "high", 4 },
	{ "announcement", "low", 2 },
	{ "marketing", "low", 2 }
};

static void
set_class(const struct record *r, struct push_notice *out)
{
	const char *class = record_string(r, "class");

	out->urgency = "normal";
	out->priority = 3;
	for (size_t i = 0; class != NULL &&
	    i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strcmp(classes[i].class, class) == 0) {
			out->urgency = classes[i].urgency;
			out->priority = classes[i].priority;
		}
}

/* Push services see it: it tells nothing. */
static void
set_tag(const struct order *o, struct push_notice *out)
{
	const char *reminder = value_get_string(record_get(o->record,
	    "reminder"), "id");
	struct buf text = BUF_INIT(4096);
	char hash[DIGEST_HEX];

	buf_printf(&text, "omni push %s %s", reminder != NULL ? "reminder" :
	    "message", reminder != NULL ? reminder : o->id);
	digest_sha256(buf_text(&text), text.len, hash);
	snprintf(out->tag, sizeof(out->tag), "%.*s", PUSH_TAG - 1, hash);
	buf_release(&text);
}

static int
check_link(const char *link, struct error *e)
{
	if (strncmp(link, "https://", 8) != 0 &&
	    strncmp(link, "http://", 7) != 0)
		return error_set(e, EX_DATAERR, "link: neither http:// nor "
		    "https://");
	if (strlen(link) > PUSH_LINK_MAX)
		return error_set(e, EX_DATAERR, "link: longer than %d bytes",
		    PUSH_LINK_MAX);
	for (const char *s = link; *s != '\0'; s++)
		if (*s <= ' ' || *s == 0x7f)
			return error_set(e, EX_DATAERR, "link: has a blank or "
			    "a control character");
	return 0;
}

int
push_read_notice(const struct order *o, struct push_notice *out,
    struct error *e)
{
	const struct value *link = record_get(o->record, "link");

	*out = (struct push_notice){
	    .title = record_string(o->record, "subject"),
	    .text = record_string(o->record, "text"),
	    .link = value_string(link),
	    .language = record_string(o->record, "language") };
	if (out->text == NULL || text_is_blank(out->text, strlen(out->text)))
		return error_set(e, EX_DATAERR, "text: %s", out->text == NULL ?
		    "missing" : "empty");
	if (link != NULL && value_type(link) != VALUE_NULL &&
	    out->link == NULL)
		return error_set(e, EX_DATAERR, "link: not a string");
	if (out->link != NULL && check_link(out->link, e) == -1)
		return -1;
	if (out->title == NULL || *out->title == '\0')
		out->title = config_string(o->config, "site", NULL, "name");
	set_class(o->record, out);
	set_tag(o, out);
	return 0;
}
