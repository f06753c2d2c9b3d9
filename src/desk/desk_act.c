/* What staff changes, each by a form of its own, journalled with their name. */
#include "desk_impl.h"

#include <string.h>

_Noreturn void
desk_act_back(struct desk *d, const char *id, const char *done)
{
	static struct buf to = BUF_INIT(4096);
	const char *kind = desk_field(d, "kind");

	if (strcmp(desk_field(d, "back"), "flags") == 0) {
		buf_printf(&to, "flags?done=%s", done);
		if (*kind != '\0') {
			buf_str(&to, "&kind=");
			percent_encode(&to, kind);
		}
	} else if (strcmp(desk_field(d, "back"), "held") == 0) {
		buf_printf(&to, "./?list=held&done=%s", done);
	} else {
		buf_str(&to, "conversation?id=");
		percent_encode(&to, id);
		buf_printf(&to, "&done=%s", done);
	}
	desk_redirect(d, buf_text(&to));
}

static _Noreturn void
act_refuse(struct desk *d, const struct error *e)
{
	desk_refuse(d, "422 Unprocessable Content", T_NOT_DONE,
	    T_NOT_DONE_ADVICE, e->text);
}

static _Noreturn void
act_set(struct desk *d, const char *id, const char *member, const char *value,
    const char *done)
{
	struct error e;

	if (inbox_set(&d->inbox, id, member, *value == '\0' ? NULL : value,
	    &e) == -1)
		act_refuse(d, &e);
	desk_act_back(d, id, done);
}

/* "#urgente" is how people write a tag. */
static _Noreturn void
act_tag(struct desk *d, const char *id, char sign, const char *word)
{
	const char *one = arena_printf(d->mem, "%c%s", sign, word + (sign ==
	    '+' && *word == '#'));
	struct error e;

	if (inbox_tag(&d->inbox, id, &one, 1, &e) == -1)
		act_refuse(d, &e);
	desk_act_back(d, id, "set");
}

static _Noreturn void
act_resolve(struct desk *d, const char *flag)
{
	const char *id = strcmp(desk_field(d, "back"), "flags") == 0 ? NULL :
	    desk_find(d, desk_field(d, "id"));
	struct error e;

	if (inbox_resolve(&d->inbox, flag, &e) == -1)
		desk_refuse(d, "409 Conflict", T_NO_FLAG, T_NO_FLAG_ADVICE,
		    NULL);
	desk_act_back(d, id, "resolved");
}

/* Those that a form may set by name; the others have buttons. */
static bool
is_member(const char *name)
{
	static const char *const members[] = { "assignee", "priority",
	    "subject", "related" };

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strcmp(members[i], name) == 0)
			return true;
	return false;
}

_Noreturn void
desk_act(struct desk *d)
{
	const char *member = desk_field(d, "set"), *last, *id;
	struct error e;

	if (form_get(&d->body, "resolve") != NULL)
		act_resolve(d, desk_field(d, "resolve"));
	if (form_get(&d->body, "release") != NULL)
		desk_release(d, desk_field(d, "release"));
	if (form_get(&d->body, "discard") != NULL)
		desk_discard_draft(d, desk_field(d, "discard"));
	id = desk_find(d, desk_field(d, "id"));
	if (is_member(member))
		act_set(d, id, member, desk_field(d, "value"), "set");
	if (form_get(&d->body, "take") != NULL)
		act_set(d, id, "assignee", d->user, "set");
	if (form_get(&d->body, "close") != NULL)
		act_set(d, id, "status", "resolved", "closed");
	if (form_get(&d->body, "archive") != NULL)
		act_set(d, id, "status", "archived", "closed");
	if (form_get(&d->body, "reopen") != NULL)
		act_set(d, id, "status", "active", "reopened");
	if (form_get(&d->body, "tag") != NULL)
		act_tag(d, id, '+', desk_field(d, "tag"));
	if (form_get(&d->body, "untag") != NULL)
		act_tag(d, id, '-', desk_field(d, "untag"));
	if (form_get(&d->body, "read") == NULL)
		desk_refuse(d, "400 Bad Request", T_NO_FORM, T_NO_FORM_ADVICE,
		    "the form says nothing to do");
	/* What came while they read stays unread. */
	last = desk_field(d, "last");
	if (inbox_read(&d->inbox, id, *last == '\0' ? NULL : last, &e) == -1)
		act_refuse(d, &e);
	desk_act_back(d, id, "read");
}
