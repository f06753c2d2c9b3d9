#include "drain.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/output.h"
#include "drain_impl.h"
#include "inbound_file.h"
#include "mail_take.h"
#include "message/inbound.h"
#include "message/inbound_mail.h"
#include "store/spool.h"

#define BATCH		1000	/* files, or events, of one transaction */
#define BATCH_BYTES	(64 * 1024 * 1024)
#define SWEEP_AGE	(36 * 3600)

void
drain_print(const struct drain *d, const struct value *event)
{
	struct buf line = BUF_INIT(4 * INBOUND_FILE_MAX);

	if (!d->quiet) {
		value_write(event, &line);
		output_put(&line);
	}
	buf_release(&line);
}

void
drain_refuse(struct drain *d, const char *from, const char *name,
    const struct error *e)
{
	if (e->status == EX_TEMPFAIL) {
		/* Of many that must wait one is enough. */
		if (d->later++ == 0)
			diag("inbound/%s/%s: %s; left for the next run", from,
			    name, e->text);
		return;
	}
	diag("inbound/%s/%s: %s; set aside in bad/", from, name, e->text);
	if (spool_reject(d->dir, from, name, e->text) == -1) {
		diag("inbound/bad/%s: %s", name, strerror(errno));
		d->failed++;
	}
	d->bad++;
}

void
drain_remove(struct drain *d, const char *from, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", from, name);
	if (unlinkat(d->dir, path, 0) == -1 && errno != ENOENT) {
		diag("inbound/%s: %s", path, strerror(errno));
		d->failed++;
	}
}

static int
understand(struct drain *d, const struct buf *text, struct drained *file,
    struct error *e)
{
	struct inbound_file f;

	if (inbound_file_parse(&f, text, &d->mem, e) == -1)
		return -1;
	if (strcmp(f.hook, "ses") == 0)
		sns_inbox_prepare(d->readers.sns, f.body, f.len);
	snprintf(file->received, sizeof(file->received), "%s",
	    f.received == NULL ? "" : f.received);
	return inbound_file_read(&f, &d->readers, &d->mem, &file->events, e);
}

bool
drain_load(struct drain *d, const char *from, const char *name,
    struct drained *file)
{
	struct buf text = BUF_INIT(INBOUND_FILE_MAX + MAIL_TAKE_MAX);
	char path[PATH_MAX];
	struct error e;
	int rc;

	*file = (struct drained){ .events = NULL };
	snprintf(path, sizeof(path), "%s/%s", from, name);
	arena_reset(&d->mem);
	rc = io_read_taken(d->dir, path, &text, &e);
	if (rc == -1 && e.status != EX_DATAERR) {
		diag("inbound: %s", e.text);
		d->failed++;
		buf_release(&text);
		return false;
	}
	file->len = text.len;
	if (rc == 0)
		rc = understand(d, &text, file, &e);
	buf_release(&text);
	if (rc == -1)
		drain_refuse(d, from, name, &e);
	return rc == 0;
}

/* A mail that cannot be checked waits until [links] is mended. */
static bool
may_apply(struct drain *d, const struct value *events)
{
	struct error e;

	if (d->has_links || !inbound_mail_is(value_at(events, 0)))
		return true;
	d->has_links = links_init(&d->links, d->config, &e) == 0;
	if (!d->has_links) {
		diag("%s", e.text);
		d->failed++;
	}
	return d->has_links;
}

static void
apply(struct drain *d, const struct drained *file)
{
	struct value *event;

	for (size_t i = 0; i < value_count(file->events); i++) {
		event = value_copy(value_at(file->events, i));
		arena_reset(&d->mem);
		if (file->received[0] != '\0')
			value_set_string(event, "received_at",
			    file->received);
		if (inbound_mail_is(event))
			inbound_mail_find(d->ledger, d->config, &d->links,
			    event, &d->mem);
		inbound_apply(d->ledger, d->config, event, &d->mem);
		auto_reply_answer(d->auto_reply, event);
		drain_print(d, event);
		value_free(event);
	}
}

/* For --confirm-subscriptions. */
static void
keep_waiting(struct drain *d, const char *name)
{
	char path[PATH_MAX], to[PATH_MAX];

	snprintf(path, sizeof(path), "new/%s", name);
	snprintf(to, sizeof(to), DRAIN_WAITING "/%s", name);
	if (io_make_dir(d->dir, DRAIN_WAITING, 0750) == -1 ||
	    renameat(d->dir, path, d->dir, to) == -1) {
		diag("inbound/%s: %s", to, strerror(errno));
		d->failed++;
	} else if (!d->confirming)
		diag("inbound/%s: a topic of SNS asks to be confirmed; see "
		    "--confirm-subscriptions", to);
}

/* The ledger is committed. */
static void
settle(struct drain *d, const char *name, const struct value *events)
{
	const char *kind = value_get_string(value_at(events, 0), "kind");

	if (kind != NULL && strcmp(kind, "subscription") == 0)
		keep_waiting(d, name);
	else
		drain_remove(d, "new", name);
}

/*
 * Reads as many files as make a thousand events.  Before the ledger is locked:
 * a webhook of SNS may need the network, and nobody else waits for that.
 */
static size_t
load_batch(struct drain *d, char **names, size_t count,
    struct drained *files)
{
	size_t n = 0, applied = 0, bytes = 0;

	for (; n < count && applied < BATCH && bytes < BATCH_BYTES; n++) {
		if (!drain_load(d, "new", names[n], &files[n]))
			continue;
		if (!may_apply(d, files[n].events)) {
			value_free(files[n].events);
			files[n].events = NULL;
			continue;
		}
		applied += value_count(files[n].events);
		bytes += files[n].len;
	}
	return n;
}

/*
 * Apply, commit, then remove: a crash in between applies it twice, and the
 * second time finds its key there.  Returns how many files it has seen to.
 */
static size_t
drain_batch(struct drain *d, char **names, size_t count)
{
	struct drained *files = calloc(count, sizeof(*files));
	size_t n;

	if (files == NULL)
		die(EX_OSERR, "out of memory");
	n = load_batch(d, names, count, files);
	ledger_begin(d->ledger);
	for (size_t i = 0; i < n; i++)
		apply(d, &files[i]);
	if (d->auto_reply != NULL)
		auto_reply_commit(d->auto_reply);
	else
		ledger_commit(d->ledger);
	output_flush();
	for (size_t i = 0; i < n; i++) {
		if (files[i].events != NULL)
			settle(d, names[i], files[i].events);
		value_free(files[i].events);
	}
	free(files);
	return n;
}

static void
drain_all(struct drain *d)
{
	struct error e;
	char **names;
	size_t count;

	/* All of them first: in what order they came matters to consent. */
	if (spool_names(d->dir, "new", DRAIN_FILES_MAX, &names, &count,
	    &e) == -1)
		die(e.status, "%s", e.text);
	for (size_t i = 0; i < count && d->failed == 0; )
		i += drain_batch(d, names + i, count - i < BATCH ?
		    count - i : BATCH);
	spool_names_free(names, count);
	if (d->later > 1)
		diag("inbound: %ju files are left for the next run",
		    d->later);
}

static void
start(struct drain *d, const char *spool)
{
	char path[PATH_MAX];
	struct error e;

	snprintf(path, sizeof(path), "%s/inbound", spool);
	d->dir = spool_open(path, &e);
	if (d->dir == -1)
		die(e.status, "%s", e.text);
	d->ledger = ledger_start(d->config, LEDGER_WRITE, &e);
	if (d->ledger == NULL)
		die(e.status, "%s", e.text);
	d->readers.sns = sns_inbox_open(d->config);
	/* A courtesy that cannot be had holds nothing up. */
	if (auto_reply_open(&d->auto_reply, d->config, d->ledger, &e) == -1) {
		diag("%s; nobody gets an automatic answer", e.text);
		d->trouble = e.status;
	}
}

static int
status_of(const struct drain *d)
{
	if (d->failed > 0 || d->later > 0 || d->media_later > 0)
		return EX_TEMPFAIL;
	if (d->trouble != EX_OK)
		return d->trouble;
	return d->bad > 0 || d->absent > 0 ||
	    auto_reply_failed(d->auto_reply) > 0 ? EX_REFUSED : EX_OK;
}

int
drain(struct program *p, const struct drain_task *task)
{
	struct drain d = { .config = p->config, .quiet = p->quiet,
	    .readers = { .links = LINK_HOOK_INIT(p->config) },
	    .confirming = task->confirming, .media = -1,
	    .mem = ARENA_INIT(64 * 1024 * 1024) };
	const char *spool = config_path(p->config, "paths", NULL, "spool");
	struct error e;
	int lock, rc;

	if (task->list)
		return drain_list_bad(p->config, p->argv, (size_t)p->argc);
	lock = spool_lock(spool, "ingest", &e);
	if (lock == -1)
		die(e.status, "%s", e.text);
	start(&d, spool);
	if (task->replay)
		drain_replay(&d, p->argv, (size_t)p->argc);
	drain_all(&d);
	if (d.failed == 0)
		drain_media(&d);
	if (task->confirming && d.failed == 0)
		drain_confirm_all(&d);
	rc = status_of(&d);
	spool_sweep(d.dir, SWEEP_AGE);
	sns_inbox_close(d.readers.sns);
	link_hook_release(&d.readers.links);
	auto_reply_close(d.auto_reply);
	ledger_close(d.ledger);
	if (d.has_links)
		links_release(&d.links);
	arena_release(&d.mem);
	close(d.dir);
	close(lock);
	return rc;
}
