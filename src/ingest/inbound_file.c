#include "inbound_file.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/form.h"
#include "provider/mail_hook.h"
#include "provider/twilio_hook.h"
#include "provider/whatsapp_hook.h"

/* The value of "NAME: value" in the lines before the body. */
static const char *
header(const char *file, const char *name, struct arena *mem)
{
	size_t len = strlen(name), n;

	for (; *file != '\n' && *file != '\0'; file += n + (file[n] == '\n')) {
		n = strcspn(file, "\n");
		if (strncmp(file, name, len) == 0 && file[len] == ':' &&
		    file[len + 1] == ' ')
			return arena_strndup(mem, file + len + 2,
			    n - len - 2);
	}
	return NULL;
}

static int
understand_twilio(enum twilio_hook kind, const struct inbound_file *f,
    struct arena *mem, struct value **events, struct error *e)
{
	struct value *event;
	struct form form;

	if (form_parse(&form, f->body, f->len, mem, e) == -1 ||
	    twilio_hook_read(kind, &form, f->query, &event, e) == -1)
		return -1;
	*events = value_new_array();
	value_append_take(*events, event);
	return 0;
}

/* The lines "Recipient:" of the file, each one address. */
static void
read_recipients(const char *text, struct mail_envelope *env,
    struct arena *mem)
{
	static const char name[] = "Recipient: ";
	size_t n;

	for (; *text != '\n' && *text != '\0'; text += n +
	    (text[n] == '\n')) {
		n = strcspn(text, "\n");
		if (strncmp(text, name, strlen(name)) == 0 &&
		    env->count < MAIL_ENVELOPES)
			env->recipients[env->count++] = arena_strndup(mem,
			    text + strlen(name), n - strlen(name));
	}
}

static int
understand_mail(const struct inbound_file *f, struct arena *mem,
    struct value **events, struct error *e)
{
	struct mail_envelope env = { .sender = header(f->text, "Sender", mem),
	    .cut = header(f->text, "Cut", mem) != NULL };

	read_recipients(f->text, &env, mem);
	return mail_hook_read(f->body, f->len, &env, events, e);
}

int
inbound_file_parse(struct inbound_file *f, const struct buf *file,
    struct arena *mem, struct error *e)
{
	const char *text = buf_text(file), *body = strstr(text, "\n\n");

	*f = (struct inbound_file){ .text = text, .at = clock_now(),
	    .hook = header(text, "Hook", mem) };
	if (body == NULL || f->hook == NULL)
		return error_set(e, EX_DATAERR, "not a file of omni-ingest");
	f->body = body + 2;
	f->len = file->len - (size_t)(f->body - text);
	f->query = header(text, "Query", mem);
	f->type = header(text, "Content-Type", mem);
	f->received = header(text, "Received", mem);
	if (f->received != NULL && !clock_parse(f->received, &f->at))
		f->received = NULL;
	return 0;
}

int
inbound_file_read(const struct inbound_file *f,
    struct inbound_readers *readers, struct arena *mem, struct value **events, struct error *e)
{
	static const char *const kinds[] = {
		[TWILIO_HOOK_MESSAGE] = "twilio/sms",
		[TWILIO_HOOK_STATUS] = "twilio/status",
		[TWILIO_HOOK_CALL] = "twilio/call",
		[TWILIO_HOOK_KEY] = "twilio/voice" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(f->hook, kinds[i]) == 0)
			return understand_twilio((enum twilio_hook)i, f, mem,
			    events, e);
	if (strcmp(f->hook, "whatsapp") == 0)
		return whatsapp_hook_read(f->body, f->len, events, e);
	if (strcmp(f->hook, "mail") == 0)
		return understand_mail(f, mem, events, e);
	if (link_hook_is(f->hook))
		return link_hook_read(&readers->links, &(struct link_file){
		    .hook = f->hook, .query = f->query, .type = f->type,
		    .received = f->at, .body = f->body, .len = f->len }, mem,
		    events, e);
	if (strcmp(f->hook, "ses") == 0)
		return sns_inbox_read(readers->sns, f->body, f->len, f->at,
		    events, e);
	return error_set(e, EX_DATAERR, "unknown hook %.40s", f->hook);
}
