#include "store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/reader.h"
#include "emit.h"


static const char *
keep(struct store *s, const char *text)
{
	return text == NULL ? NULL : arena_strdup(&s->mem, text);
}

static struct message *
copy(struct store *s, const struct message *m)
{
	struct message *kept = arena_alloc(&s->mem, sizeof(*kept));

	*kept = *m;
	kept->id = keep(s, m->id);
	kept->to = keep(s, m->to);
	kept->from = keep(s, m->from);
	kept->body = keep(s, m->body);
	kept->reference = keep(s, m->reference);
	kept->callback = keep(s, m->callback);
	kept->account = keep(s, m->account);
	kept->service = keep(s, m->service);
	kept->answer = keep(s, m->answer);
	kept->events = keep(s, m->events);
	return kept;
}

static struct message *
link_in(struct store *s, const struct message *m)
{
	struct message *kept;
	void **place;

	kept = copy(s, m);
	place = table_at(&s->by_to, kept->to);
	kept->older = s->newest;
	s->newest = kept;
	kept->older_to = *place;
	*place = kept;
	*table_at(&s->by_id, kept->id) = kept;
	s->count[SCOPE_ALL]++;
	s->count[kept->provider]++;
	return kept;
}

static void
describe(const struct message *m, struct buf *out)
{
	char now[CLOCK_TEXT];

	emit_open(out, NULL, '{');
	emit_string(out, "time", clock_format(m->created, now));
	emit_string(out, "provider", scope_name(m->provider));
	emit_string(out, "kind", m->kind);
	emit_string(out, "id", m->id);
	emit_string(out, "to", m->to);
	emit_string(out, "from", m->from);
	emit_string(out, "body", m->body);
	emit_string(out, "reference", m->reference);
	emit_string(out, "callback", m->callback);
	emit_string(out, "account", m->account);
	emit_string(out, "service", m->service);
	emit_integer(out, "media", m->media);
	emit_integer(out, "segments", m->segments);
	emit_close(out, '}');
}

struct message *
store_add(struct store *s, const struct message *m)
{
	struct buf line = BUF_INIT(16 * RECORD_MAX);
	struct message *kept;

	describe(m, &line);
	journal_put(&s->accepted, &line);
	buf_release(&line);
	pthread_mutex_lock(&s->lock);
	kept = link_in(s, m);
	pthread_mutex_unlock(&s->lock);
	return kept;
}

struct message *
store_find(struct store *s, const char *id, const char *kind)
{
	struct message *m;

	pthread_mutex_lock(&s->lock);
	m = table_get(&s->by_id, id);
	pthread_mutex_unlock(&s->lock);
	return m != NULL && strcmp(m->kind, kind) == 0 ? m : NULL;
}

struct message *
store_newest(struct store *s, const char *to)
{
	struct message *m;

	pthread_mutex_lock(&s->lock);
	m = to == NULL ? s->newest : table_get(&s->by_to, to);
	pthread_mutex_unlock(&s->lock);
	return m;
}

void
store_reset(struct store *s)
{
	pthread_mutex_lock(&s->lock);
	table_clear(&s->by_id, NULL);
	table_clear(&s->by_to, NULL);
	s->newest = NULL;
	memset(s->count, 0, sizeof(s->count));
	pthread_mutex_unlock(&s->lock);
}

static enum scope
provider_named(const char *name)
{
	for (int i = SCOPE_TWILIO; name != NULL && i < SCOPE_MAX; i++)
		if (strcmp(scope_name((enum scope)i), name) == 0)
			return (enum scope)i;
	return SCOPE_ALL;
}

static int
count_of(const struct record *r, const char *key)
{
	int64_t n;

	return value_integer(record_get(r, key), &n) ? (int)n : 0;
}

/* What was accepted before this run was sent and arrived. */
static void
take_back(struct store *s, const struct record *r)
{
	struct message m = {
		.provider = provider_named(record_string(r, "provider")),
		.kind = record_string(r, "kind"),
		.id = record_string(r, "id"),
		.to = record_string(r, "to"),
		.from = record_string(r, "from"),
		.body = record_string(r, "body"),
		.reference = record_string(r, "reference"),
		.callback = record_string(r, "callback"),
		.account = record_string(r, "account"),
		.service = record_string(r, "service"),
		.media = count_of(r, "media"),
		.segments = count_of(r, "segments"),
		.status = "delivered"
	};
	const char *time = record_string(r, "time");

	if (m.id == NULL || m.to == NULL || m.kind == NULL || time == NULL ||
	    m.provider == SCOPE_ALL || !clock_parse(time, &m.created))
		return;
	m.kind = strcmp(m.kind, "call") == 0 ? "call" : "message";
	if (strcmp(m.kind, "call") == 0)
		m.status = "completed";
	m.sent = m.created;
	link_in(s, &m);
}

/* A line cut off by a crash, or one of another program, is passed over. */
static void
read_back(struct store *s, int fd)
{
	struct record r = RECORD_INIT;
	enum reader_status got;
	struct reader in;
	struct error why;
	size_t len;
	char *line;

	reader_init(&in, fd, RECORD_MAX, NULL, NULL);
	while ((got = reader_next(&in, &line, &len)) != READER_END &&
	    got != READER_ERROR)
		if (got == READER_LINE && record_parse(&r, line, len,
		    &why) == 0)
			take_back(s, &r);
	record_release(&r);
	reader_release(&in);
	memset(s->count, 0, sizeof(s->count));
}

int
store_open(struct store *s, int dir, struct error *e)
{
	struct stat st;
	int fd;

	*s = (struct store){ .mem = ARENA_INIT(SIZE_MAX / 4) };
	pthread_mutex_init(&s->lock, NULL);
	if (journal_open(&s->accepted, dir, "accepted.ndjson", e) == -1)
		return -1;
	if (dir == -1)
		return 0;
	fd = openat(dir, "accepted.ndjson", O_RDONLY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		return error_errno(e, "accepted.ndjson");
	if (S_ISREG(st.st_mode))	/* /dev/full never ends */
		read_back(s, fd);
	close(fd);
	return 0;
}

void
store_close(struct store *s)
{
	store_reset(s);
	journal_close(&s->accepted);
	arena_release(&s->mem);
	pthread_mutex_destroy(&s->lock);
}
