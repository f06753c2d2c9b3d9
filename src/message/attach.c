#include "attach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "message/attachment.h"

#define PART_MAX	255	/* bytes of one part of a path */
#define BASE64_LINE	76

/* What is being taken in. */
struct taking {
	struct queue *queue;
	size_t max, sum;	/* bytes of a mail: that may be, that are */
	struct value *kept, *keys;
	bool dry;
};

/* As it goes out, in lines of base 64. */
static size_t
encoded_size(size_t bytes)
{
	size_t text = (bytes + 2) / 3 * 4;

	return text + 2 * ((text + BASE64_LINE - 1) / BASE64_LINE);
}

static int
too_large(const struct taking *t, size_t i, const struct attachment *a,
    size_t bytes, struct error *e)
{
	const char *member = a->path != NULL ? "path" : a->data != NULL ?
	    "data" : "content";
	const char *name = a->path != NULL ? a->path : a->filename;

	return error_set(e, EX_DATAERR, "attachments.%zu.%s: %.200s: with its "
	    "%zu bytes the mail has more than the %zu of [mail] max_size", i,
	    member, name == NULL ? "it" : name, bytes, t->max);
}

static int
add_size(struct taking *t, size_t i, const struct attachment *a, size_t bytes,
    struct error *e)
{
	if (bytes > t->max || encoded_size(bytes) > t->max - t->sum)
		return too_large(t, i, a, bytes, e);
	t->sum += encoded_size(bytes);
	return 0;
}

/*
 * Files
 */

/* What a later run may cure is told apart from what somebody must mend. */
static int
file_error(size_t i, const char *path, struct error *e)
{
	int saved = errno, status = errno_status(errno);

	return error_set(e, status == EX_TEMPFAIL ? status : EX_DATAERR,
	    "attachments.%zu.path: %.200s: %s", i, path, saved == ELOOP ||
	    saved == EMLINK ? "is a symbolic link" : strerror(saved));
}

/* The part of `path` up to the next slash; false: it leads elsewhere. */
static bool
take_part(const char *path, char part[PART_MAX + 1])
{
	size_t len = strcspn(path, "/");

	if (len == 0 || len > PART_MAX)
		return false;
	memcpy(part, path, len);
	part[len] = '\0';
	return strcmp(part, ".") != 0 && strcmp(part, "..") != 0;
}

/*
 * Goes down from the directory `dir`, which it closes.  A FIFO would keep its
 * reader waiting for ever, but for O_NONBLOCK.
 */
static int
open_below(int dir, const char *path, size_t i, struct error *e)
{
	const char *rest = path;
	char part[PART_MAX + 1];
	int fd, more;

	do {
		if (!take_part(rest, part)) {
			close(dir);
			return error_set(e, EX_DATAERR, "attachments.%zu.path: "
			    "%.200s: not a path below [paths] attachments", i,
			    path);
		}
		rest += strlen(part);
		more = *rest == '/';
		rest += more;
		fd = openat(dir, part, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
		    O_NOCTTY | (more ? O_DIRECTORY : O_NONBLOCK));
		/* With O_DIRECTORY a link is told as what it is not. */
		if (fd == -1)
			file_error(i, path, e);
		close(dir);
		dir = fd;
	} while (fd != -1 && more);
	return fd;
}

static int
open_file(struct taking *t, const char *path, size_t i, struct error *e)
{
	const char *root = config_path(t->queue->config, "paths", NULL,
	    "attachments");
	int dir;

	if (root == NULL)
		return error_set(e, EX_DATAERR, "attachments.%zu.path: [paths] "
		    "attachments does not say where files may be", i);
	dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1) {
		error_errno(e, "[paths] attachments: %.200s", root);
		e->status = EX_TEMPFAIL;
		return -1;
	}
	return open_below(dir, path, i, e);
}

static int
read_file(struct taking *t, const struct attachment *a, size_t i,
    struct buf *out, struct error *e)
{
	const char *path = a->path;
	struct error why;
	struct stat st;
	int fd = open_file(t, path, i, e), rc;

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1)
		rc = file_error(i, path, e);
	else if (!S_ISREG(st.st_mode))
		rc = error_set(e, EX_DATAERR, "attachments.%zu.path: %.200s: "
		    "not a regular file", i, path);
	else if ((uintmax_t)st.st_size > t->max)
		rc = too_large(t, i, a, (size_t)st.st_size, e);
	else {
		rc = io_read_fd(fd, path, out, &why);
		if (rc == -1)
			error_set(e, why.status == EX_DATAERR ? EX_DATAERR :
			    EX_TEMPFAIL, "attachments.%zu.path: %.300s", i,
			    why.text);
	}
	close(fd);
	return rc;
}

/*
 * One attachment
 */

static void
keep_bytes(struct taking *t, const struct buf *bytes, char key[LEDGER_KEY])
{
	char *text = malloc(encoded_size(bytes->len) + 1);

	if (text == NULL)
		die(EX_OSERR, "out of memory");
	digest_base64(buf_text(bytes), bytes->len, text);
	ledger_content_put(t->queue->ledger, "attachment", text, strlen(text),
	    key);
	free(text);
}

/* What omni-escalate brings again lies in the ledger already. */
static int
take_again(struct taking *t, const struct attachment *a, size_t i,
    struct error *e)
{
	const char *key = a->content;
	int64_t len = ledger_count(t->queue->ledger, "SELECT length(body) "
	    "FROM content WHERE key = ?", "s", key);

	if (len == 0 && ledger_count(t->queue->ledger, "SELECT count(*) FROM "
	    "content WHERE key = ? AND body IS NOT NULL", "s", key) == 0)
		return error_set(e, EX_DATAERR, "attachments.%zu.content: the "
		    "ledger does not have it, or it was erased", i);
	return add_size(t, i, a, (size_t)len / 4 * 3, e);
}

static int
take_bytes(struct taking *t, const struct attachment *a, size_t i,
    char key[LEDGER_KEY], struct error *e)
{
	struct buf bytes = BUF_INIT(t->max + 1);
	int rc = 0;

	if (a->path != NULL)
		rc = read_file(t, a, i, &bytes, e);
	else if (attachment_decode(a->data, &bytes) == -1)
		rc = bytes.full ? too_large(t, i, a, bytes.len, e) :
		    error_set(e, EX_DATAERR, "attachments.%zu.data: not base "
		    "64", i);
	if (rc == 0)
		rc = add_size(t, i, a, bytes.len, e);
	if (rc == 0 && !t->dry)
		keep_bytes(t, &bytes, key);
	buf_release(&bytes);
	return rc;
}

static int
take_one(struct taking *t, const struct attachment *a, size_t i,
    struct error *e)
{
	struct value *v;
	char key[LEDGER_KEY] = "";
	int rc;

	if (a->content != NULL) {
		snprintf(key, sizeof(key), "%s", a->content);
		rc = take_again(t, a, i, e);
	} else
		rc = take_bytes(t, a, i, key, e);
	if (rc == -1 || t->dry)
		return rc;
	v = value_new_object();
	value_set_string(v, "content", key);
	value_set_string(v, "type", a->type);
	if (a->filename != NULL)
		value_set_string(v, "filename", a->filename);
	if (a->cid != NULL)
		value_set_string(v, "cid", a->cid);
	if (a->method != NULL)
		value_set_string(v, "method", a->method);
	value_append_take(t->kept, v);
	value_append_take(t->keys, value_new_string(key));
	return 0;
}

/*
 * All of them
 */

/* A mail now, or perhaps once what it is now has failed. */
static bool
may_be_mail(const struct record *r)
{
	const struct value *fallback = record_get(r, "fallback");
	const char *s = record_string(r, "channel");

	if (s != NULL && strcmp(s, "email") == 0)
		return true;
	for (size_t i = 0; i < value_count(fallback); i++) {
		s = value_string(value_at(fallback, i));
		if (s != NULL && strcmp(s, "email") == 0)
			return true;
	}
	return false;
}

static bool
has_attachments(const struct record *r)
{
	const struct value *v = record_get(r, "attachments");
	enum value_type type = value_type(v);

	return type != VALUE_ABSENT && type != VALUE_NULL &&
	    (type != VALUE_ARRAY || value_count(v) > 0);
}

/* The html is that of another channel unless it is a mail. */
static int
check_pictures(const struct record *r, const struct attachment *all,
    size_t count, struct error *e)
{
	const char *channel = record_string(r, "channel");
	const char *html = record_string(r, "html");

	if (channel == NULL || html == NULL || strcmp(channel, "email") != 0)
		return 0;
	return attachments_check_html(all, count, html, e);
}

static int
take_all(struct taking *t, const struct record *r, struct error *e)
{
	struct attachment all[ATTACHMENTS_MAX];
	int count = attachments_read(r, all, e);

	if (count == -1 || check_pictures(r, all, (size_t)count, e) == -1)
		return -1;
	for (size_t i = 0; i < (size_t)count; i++)
		if (take_one(t, &all[i], i, e) == -1)
			return -1;
	return count;
}

/* What the texts need at least; how much more shows when they are encoded. */
static size_t
text_size(const struct record *r, size_t max)
{
	const char *text = record_string(r, "text");
	const char *html = record_string(r, "html");
	size_t sum = (text == NULL ? 0 : strlen(text)) +
	    (html == NULL ? 0 : strlen(html));

	return sum < max ? sum : max;
}

static int
refuse(struct filter *f, struct record *r, const struct error *e)
{
	const char *field = arena_strndup(&f->mem, e->text,
	    strcspn(e->text, ":"));

	if (e->status == EX_TEMPFAIL)
		filter_refuse_temporarily(f, r, "attachment", "%s", e->text);
	else
		filter_refuse(f, r, "bad_attachment", field, "%s", e->text);
	return -1;
}

int
attach_take(struct queue *q, struct filter *f, struct record *r,
    struct value **kept, struct value *data)
{
	struct taking t = { .queue = q, .dry = data == NULL,
	    .kept = value_new_array(), .keys = value_new_array(),
	    .max = (size_t)config_integer(q->config, "mail", NULL,
	    "max_size") };
	int rc = 0;
	struct error e;
	int count;

	*kept = NULL;
	if (!may_be_mail(r))
		goto out;
	if (!has_attachments(r)) {
		if (check_pictures(r, NULL, 0, &e) == -1)
			rc = refuse(f, r, &e);
		goto out;
	}
	t.sum = text_size(r, t.max);
	/* What was kept before one that is refused goes with it. */
	if (!t.dry)
		ledger_savepoint(q->ledger);
	count = take_all(&t, r, &e);
	if (!t.dry && count == -1)
		ledger_undo(q->ledger);
	else if (!t.dry)
		ledger_release(q->ledger);
	if (count == -1) {
		rc = refuse(f, r, &e);
		goto out;
	}
	if (!t.dry) {
		*kept = t.kept;
		value_set_take(data, "attachments", t.keys);
		return 0;
	}
out:
	value_free(t.kept);
	value_free(t.keys);
	return rc;
}

void
attach_write(const struct record *r, struct value *kept, struct buf *out)
{
	struct buf line = BUF_INIT(16 * RECORD_MAX);
	struct record copy = RECORD_INIT;
	struct error e;

	if (kept == NULL) {
		record_write(r, out);
		return;
	}
	record_write(r, &line);
	if (record_parse(&copy, buf_text(&line), line.len, &e) == -1)
		die(EX_SOFTWARE, "a record of ours: %s", e.text);
	record_set_take(&copy, "attachments", kept);
	record_write(&copy, out);
	record_release(&copy);
	buf_release(&line);
}
