/*
 * What the model is given.  A stranger's words stand in JSON, in which no < is
 * left, so that they cannot end the mark that is around them.
 */
#include <string.h>

#include "assist_impl.h"
#include "base/embed.h"
#include "base/zone.h"

EMBED(assist_rules, "share/assist/rules.txt");
extern const char assist_rules[];

#define MESSAGE_MAX	4000	/* characters */
#define NAME_MAX_LEN	100	/* bytes */

static void
add_data(struct buf *out, const char *mark, const struct value *v,
    struct arena *mem)
{
	buf_printf(out, "<%s>\n", mark);
	for (const char *s = value_json(v, mem); *s != '\0'; s++)
		if (*s == '<')
			buf_str(out, "\\u003c");
		else if (*s == '>')
			buf_str(out, "\\u003e");
		else
			buf_char(out, *s);
	buf_printf(out, "\n</%s>\n", mark);
}

void
prompt_rules(struct assist *a, const struct story *s, struct buf *out)
{
	const char *zone = config_string(a->config, "site", NULL, "timezone");
	const char *name = config_string(a->config, "site", NULL, "name");
	const char *emergency = config_string(a->config, "site", NULL,
	    "emergency");
	struct civil now;

	zone_to_local(zone, clock_now(), &now);
	buf_str(out, assist_rules);
	buf_printf(out, "- Answer in this language (ISO 639): %s\n",
	    s->language);
	/* More than three parts of an SMS would not be sent. */
	buf_printf(out, "- At most %d characters.\n\n",
	    strcmp(s->asker.type, "sms") == 0 ? 280 : 600);
	buf_printf(out, "The clinic: %s\n", name == NULL ? "the clinic" :
	    name);
	if (emergency != NULL)
		buf_printf(out, "Telephone for emergencies: %s\n", emergency);
	buf_printf(out, "It is %04d-%02d-%02d %02d:%02d there (%s).\n",
	    now.year, now.month, now.day, now.hour, now.minute, zone);
	if (a->facts.len > 0)
		buf_printf(out, "\n<facts>\n%s</facts>\n",
		    buf_text(&a->facts));
}

void
prompt_message(struct assist *a, const struct story *s, struct buf *out)
{
	size_t len = strlen(s->text), most = utf8_count(s->text, len) >
	    MESSAGE_MAX ? utf8_offset(s->text, len, MESSAGE_MAX) : len;
	struct value *turns = story_turns(a, s), *v;
	struct value *appointments = story_appointments(a, s);

	v = value_new_object();
	if (s->name != NULL)
		value_set_string(v, "name", arena_printf(s->mem, "%.*s",
		    NAME_MAX_LEN, s->name));
	value_set_take(v, "appointments", appointments);
	add_data(out, "person", v, s->mem);
	value_free(v);
	add_data(out, "conversation", turns, s->mem);
	value_free(turns);
	v = value_new_object();
	value_set_string(v, "channel", s->asker.type);
	value_carry(v, "subject", s->event, "subject");
	value_set_string(v, "text", arena_strndup(s->mem, s->text, most));
	add_data(out, "message", v, s->mem);
	value_free(v);
}
