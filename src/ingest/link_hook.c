#include "link_hook.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/digest.h"

#define KEY_DIGITS	32
#define SAID_MAX	LINK_BODY_MAX	/* more than any form can say */

bool
link_hook_is(const char *hook)
{
	return link_purpose_of(hook) < LINK_PURPOSES;
}

/* Ours is the fault, and what came stays until it is mended. */
static int
open_links(struct link_hook *h, struct error *e)
{
	struct error why;

	if (h->opened)
		return 0;
	if (links_open(&h->links, h->config, &why) == -1)
		return error_set(e, EX_TEMPFAIL, "%s", why.text);
	if (!h->links.on) {
		links_release(&h->links);
		return error_set(e, EX_TEMPFAIL, "[links] key and [site] "
		    "public_url are not both set");
	}
	h->opened = true;
	return 0;
}

void
link_hook_release(struct link_hook *h)
{
	if (h->opened)
		links_release(&h->links);
	h->opened = false;
}

static int
verify(struct link_hook *h, const struct link_file *f, struct arena *mem,
    struct link *out, struct error *e)
{
	static const char *const words[] = { [LINK_EXPIRED] = "expired",
	    [LINK_FORGED] = "forged, or of another key",
	    [LINK_MALFORMED] = "none of ours" };
	const char *query = f->query == NULL ? "" : f->query, *token;
	enum link_status status = LINK_MALFORMED;
	struct form form = { .count = 0 };

	if (form_parse(&form, query, strlen(query), mem, e) == -1)
		return -1;
	token = form_get(&form, "t");
	if (token != NULL && form_count(&form, "t") == 1)
		status = link_verify(&h->links, link_purpose_of(f->hook), token,
		    f->received, out);
	if (status != LINK_GOOD)
		return error_set(e, EX_DATAERR, "the link is %s",
		    words[status]);
	return 0;
}

/*
 * The same request kept twice within a second is one, and so is a file that is
 * drained twice; pressed again later it is said again, since something else may
 * have been said in between.
 */
static void
put_key(struct value *event, const struct link_file *f, struct arena *mem)
{
	char hex[DIGEST_HEX], at[CLOCK_TEXT];
	struct buf all = BUF_INIT(2 * LINK_BODY_MAX);

	buf_printf(&all, "%s\n%s\n%s\n", f->hook, clock_format(f->received,
	    at), f->query);
	buf_add(&all, f->body, f->len);
	digest_sha256(buf_text(&all), all.len, hex);
	buf_release(&all);
	value_set_string(event, "key", arena_printf(mem, "link:%.*s",
	    KEY_DIGITS, hex));
}

/* As omni-contact set has it, for who reads it in the inbox. */
static void
say(struct buf *said, const char *name, const char *value)
{
	buf_printf(said, "%s%s=%s", said->len > 0 ? " " : "", name, value);
}

static struct value *
topics_of(struct link_hook *h, const struct link_choice *ch, struct buf *said)
{
	struct value *out = value_new_object();
	const char *topic, *choice;

	for (size_t i = 0; (topic = config_name(h->config, "topic", i)) !=
	    NULL; i++) {
		choice = link_choice_topic(ch, topic);
		if (choice == NULL)
			continue;
		value_set_bool(out, topic, strcmp(choice, "yes") == 0);
		say(said, topic, choice);
	}
	return out;
}

/* "9:00" and what a browser sends are one. */
static void
put_quiet(struct value *set, const struct link_choice *ch, struct arena *mem,
    struct buf *said)
{
	const char *const both[] = { ch->quiet_start, ch->quiet_end };
	static const char *const names[] = { "quiet_start", "quiet_end" };
	int minutes;

	for (int i = 0; i < 2; i++) {
		minutes = time_of_day_parse(both[i]);
		if (ch->quiet_clear)
			value_set_null(set, names[i]);
		else if (minutes != -1)
			value_set_string(set, names[i], arena_printf(mem,
			    "%02d:%02d", minutes / 60, minutes % 60));
	}
	if (ch->quiet_clear)
		say(said, "quiet", "");
	else if (ch->quiet_start != NULL)
		say(said, "quiet", arena_printf(mem, "%s-%s",
		    value_get_string(set, names[0]), value_get_string(set,
		    names[1])));
}

static struct value *
set_of(struct link_hook *h, const struct link_choice *ch, struct arena *mem,
    struct buf *said)
{
	struct value *set = value_new_object(), *topics;

	if (ch->channel != NULL && strcmp(ch->channel, "any") == 0)
		value_set_null(set, "channel");
	else if (ch->channel != NULL)
		value_set_string(set, "channel", ch->channel);
	if (ch->channel != NULL)
		say(said, "channel", ch->channel);
	if (ch->language != NULL) {
		value_set_string(set, "language", ch->language);
		say(said, "language", ch->language);
	}
	put_quiet(set, ch, mem, said);
	topics = topics_of(h, ch, said);
	if (value_count(topics) > 0)
		value_set_take(set, "topics", topics);
	else
		value_free(topics);
	if (ch->messages != NULL) {
		value_set_string(set, "messages", ch->messages);
		say(said, "messages", ch->messages);
	}
	return set;
}

static void
put_choice(struct link_hook *h, const struct link_choice *ch,
    struct value *event, enum link_purpose purpose, struct arena *mem)
{
	struct buf said = BUF_INIT(SAID_MAX);

	if (purpose == LINK_CONFIRM) {
		value_set_string(event, "pressed", ch->answer);
		buf_str(&said, ch->answer);
	} else if (purpose == LINK_UNSUBSCRIBE) {
		value_set_string(event, "scope", ch->scope);
		if (ch->one_click)
			value_set_bool(event, "one_click", true);
		say(&said, "unsubscribe", ch->scope);
	} else
		value_set_take(event, "set", set_of(h, ch, mem, &said));
	value_set_string(event, "text", buf_text(&said));
	buf_release(&said);
}

int
link_hook_read(struct link_hook *h, const struct link_file *f,
    struct arena *mem, struct value **events, struct error *e)
{
	enum link_purpose purpose = link_purpose_of(f->hook);
	struct link_choice ch;
	struct value *event;
	struct link link;

	if (open_links(h, e) == -1 || verify(h, f, mem, &link, e) == -1)
		return -1;
	link_choice_read(&ch, h->config, purpose, f->type == NULL ? "" :
	    f->type, f->body, f->len, mem);
	if (ch.fault != CHOICE_GOOD)
		return error_set(e, EX_DATAERR, "the form is none that the "
		    "page at /%s has", f->hook);
	event = value_new_object();
	value_set_string(event, "kind", "link");
	value_set_string(event, "provider", "link");
	value_set_string(event, "channel_type", "link");
	put_key(event, f, mem);
	value_set_string(event, "purpose", link_name(purpose));
	value_set_string(event, "answers", link.id);
	put_choice(h, &ch, event, purpose, mem);
	*events = value_new_array();
	value_append_take(*events, event);
	return 0;
}
