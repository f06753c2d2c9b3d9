/*
 * Files of the inbound spool under bytes made by chance, for libFuzzer or
 * feed.c: what the drain makes of one is a list of events, or it is said why
 * not.
 */
#include "http.h"

#include "ingest/inbound_file.h"

#define MEMORY	((size_t)32 * 1024 * 1024)

static struct inbound_readers readers;

static void
close_readers(void)
{
	sns_inbox_close(readers.sns);
	link_hook_release(&readers.links);
}

static void
open_readers(void)
{
	setenv("OMNI_FUZZ_KEY", "0123456789abcdef0123456789abcdef", 1);
	enter("[site]\npublic_url = https://clinic.example/omni\n"
	    "[links]\nkey = env:OMNI_FUZZ_KEY\n");
	readers.sns = sns_inbox_open(config);
	readers.links = (struct link_hook)LINK_HOOK_INIT(config);
	atexit(close_readers);
}

static void
check_events(const struct value *events)
{
	const struct value *v;

	promise(value_type(events) == VALUE_ARRAY, "events are a list");
	for (size_t i = 0; i < value_count(events); i++) {
		v = value_at(events, i);
		promise(value_get_string(v, "kind") != NULL,
		    "an event has a kind");
	}
}

static void
check_file(const struct buf *file)
{
	struct arena mem = ARENA_INIT(MEMORY);
	struct error e = { .text = "" };
	struct value *events = NULL;
	struct inbound_file f;
	int rc = inbound_file_parse(&f, file, &mem, &e);

	if (rc == 0) {
		promise(f.body >= buf_text(file) + 2 && f.body + f.len ==
		    buf_text(file) + file->len, "the body is the rest");
		/* That would ask a server for a certificate. */
		rc = strcmp(f.hook, "ses") == 0 ? sns_inbox_look(readers.sns,
		    f.body, f.len, f.at, &events, &(struct error){ 0 }, &e) :
		    inbound_file_read(&f, &readers, &mem, &events, &e);
	}
	if (rc == 0)
		check_events(events);
	else
		promise(e.text[0] != '\0', "it is said why");
	if (rc == 0)
		value_free(events);
	arena_release(&mem);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf file = BUF_INIT(INBOUND_FILE_MAX);

	if (config == NULL)
		open_readers();
	if (size > 0)
		buf_add(&file, data, size);
	check_file(&file);
	buf_release(&file);
	return 0;
}
