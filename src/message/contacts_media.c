/* omni-contact forget: what the person sent, which lies in spool/media. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "message/contacts.h"

/* The message, the position and, if no other message has the same, the path. */
struct piece {
	const char *message, *path;
	int64_t position;
	struct piece *next;
};

static struct piece *
find_pieces(struct ledger *l, const char *id, const char *hashes,
    struct arena *mem)
{
	struct piece *first = NULL, *one;
	struct ledger_rows *r;

	r = ledger_select(l, "WITH mine(message) AS (SELECT id FROM message "
	    "WHERE contact = ?1 UNION SELECT id FROM message WHERE hash IN "
	    "(SELECT value FROM json_each(?2))) SELECT f.message, f.position, "
	    "CASE WHEN NOT EXISTS (SELECT 1 FROM inbound_media o WHERE "
	    "o.digest = f.digest AND o.state = 'kept' AND o.path = f.path AND "
	    "o.message NOT IN (SELECT message FROM mine)) THEN f.path END "
	    "FROM mine JOIN inbound_media f ON f.message = mine.message WHERE "
	    "f.state <> 'removed' ORDER BY f.message, f.position", "ss", id,
	    hashes);
	while (ledger_next(r)) {
		one = arena_alloc(mem, sizeof(*one));
		*one = (struct piece){ .next = first,
		    .message = arena_strdup(mem, ledger_text(r, 0)),
		    .position = ledger_int(r, 1) };
		if (ledger_text(r, 2) != NULL)
			one->path = arena_strdup(mem, ledger_text(r, 2));
		first = one;
	}
	ledger_end(r);
	return first;
}

/* Synced, also where it was gone before: a power cut must not bring it back. */
static int
remove_file(struct config *c, const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s/media/%s", config_path(c, "paths",
	    NULL, "spool"), path);
	if (unlink(full) == -1 && errno != ENOENT)
		return -1;
	full[strlen(full) - strlen(path) + strcspn(path, "/")] = '\0';
	return io_sync_dir(AT_FDCWD, full) == -1 && errno != ENOENT ? -1 : 0;
}

static void
note_removed(struct ledger *l, const struct piece *one)
{
	struct value *data = value_new_object();

	value_set_string(data, "id", one->message);
	value_set_integer(data, "position", one->position);
	value_set_string(data, "reason", "forgotten");
	ledger_append_take(l, "media.removed", data);
}

/*
 * The files go before the commit: killed in between, the ledger still names
 * them, and whoever forgets the person again finds them gone.
 */
int
contacts_forget_media(struct filter *f, struct record *r, const char *id,
    const char *hashes)
{
	struct contacts *c = f->ctx;
	const struct piece *one = find_pieces(c->ledger, id, hashes, &f->mem);

	for (; one != NULL; one = one->next) {
		if (!c->dry && one->path != NULL && remove_file(c->config,
		    one->path) == -1) {
			contacts_undo(f);
			filter_refuse_temporarily(f, r, "media", "spool/media/"
			    "%s: %s", one->path, strerror(errno));
			return -1;
		}
		note_removed(c->ledger, one);
	}
	return 0;
}
