#include "try_webhook.h"

#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/output.h"
#include "inbound_file.h"
#include "mail_take.h"

static void
print(const struct program *p, const struct inbound_file *f,
    const struct value *event, const char *signature)
{
	struct buf line = BUF_INIT(4 * INBOUND_FILE_MAX);
	struct value *own = value_copy(event);

	if (f->received != NULL)
		value_set_string(own, "received_at", f->received);
	/* What only the ledger can make something of. */
	value_remove(own, "mail");
	if (signature != NULL)
		value_set_string(own, "signature", signature);
	value_write(own, &line);
	if (!p->quiet)
		output_put(&line);
	value_free(own);
	buf_release(&line);
}

/* Only SNS's are checked behind the front half; NULL: there is nothing to. */
static int
understand(const struct program *p, const struct inbound_file *f,
    struct arena *mem, struct value **events, const char **signature,
    struct error *e)
{
	struct inbound_readers readers = { .sns = sns_inbox_open(p->config),
	    .links = LINK_HOOK_INIT(p->config) };
	struct error unchecked = { .text = "" };
	int rc;

	*signature = NULL;
	if (strcmp(f->hook, "ses") == 0) {
		rc = sns_inbox_look(readers.sns, f->body, f->len, f->at, events,
		    &unchecked, e);
		*signature = unchecked.text[0] == '\0' ? "valid" :
		    arena_printf(mem, "not checked: %s", unchecked.text);
	} else
		rc = inbound_file_read(f, &readers, mem, events, e);
	sns_inbox_close(readers.sns);
	link_hook_release(&readers.links);
	return rc;
}

int
try_webhook(const struct program *p)
{
	struct buf text = BUF_INIT(INBOUND_FILE_MAX + MAIL_TAKE_MAX);
	struct arena mem = ARENA_INIT(64 * 1024 * 1024);
	struct value *events = NULL;
	struct inbound_file f;
	const char *signature;
	struct error e;
	int rc = EX_OK;

	if (io_read_fd(STDIN_FILENO, "stdin", &text, &e) == -1 ||
	    inbound_file_parse(&f, &text, &mem, &e) == -1 ||
	    understand(p, &f, &mem, &events, &signature, &e) == -1) {
		diag("%s", e.text);
		rc = e.status;
	} else
		for (size_t i = 0; i < value_count(events); i++)
			print(p, &f, value_at(events, i), signature);
	output_flush();
	value_free(events);
	arena_release(&mem);
	buf_release(&text);
	return rc;
}
