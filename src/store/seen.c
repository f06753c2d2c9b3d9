/*
 * LEDGER.seen: the last row that this ledger was seen to have, by number and by
 * what was in it.  A file of yesterday that is put in the ledger's place does
 * not have that row, or has another one of that number by now.
 *
 * It is a note, not synced: where it is lost or older, less is noticed.  It is
 * written under the ledger's lock, since two that write it at once could make
 * one that says what never was.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/io.h"
#include "ledger_impl.h"

#define SEEN_MAX	(32 + DIGEST_HEX)

/* "420 9f86d0..."; false: there is no such row. */
static bool
describe(struct ledger *l, int64_t seq, char out[SEEN_MAX])
{
	struct buf row = BUF_INIT(16 * RECORD_MAX);
	struct ledger_rows *r;
	char hash[DIGEST_HEX];
	bool found;

	r = ledger_select(l, "SELECT at, by, run, op, data FROM journal WHERE "
	    "seq = ?", "i", seq);
	found = ledger_next(r);
	for (int i = 0; found && i < ledger_columns(r); i++) {
		buf_str(&row, ledger_text(r, i));
		buf_char(&row, '\n');
	}
	ledger_end(r);
	digest_hmac_sha256("seen", 4, buf_text(&row), row.len, hash);
	snprintf(out, SEEN_MAX, "%lld %s\n", (long long)seq, hash);
	buf_release(&row);
	return found;
}

static void
name(const struct ledger *l, const char *ending, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%.*s%s", PATH_MAX - 32, l->path, ending);
}

int64_t
ledger_seen(struct ledger *l)
{
	struct buf text = BUF_INIT(SEEN_MAX);
	char path[PATH_MAX], row[SEEN_MAX];
	struct error e;
	int64_t seq = 0;

	name(l, ".seen", path);
	/* One that was cut off by a power cut says nothing. */
	if (io_read_plain(AT_FDCWD, path, &text, &e) == 0 && text.len > 0 &&
	    text.data[text.len - 1] == '\n')
		seq = strtoll(text.data, NULL, 10);
	if (seq > 0 && describe(l, seq, row) && strcmp(row, text.data) == 0)
		seq = 0;
	buf_release(&text);
	return seq;
}

static void
put(struct ledger *l)
{
	char path[PATH_MAX], tmp[PATH_MAX], row[SEEN_MAX];
	int64_t seq = ledger_count(l, "SELECT max(seq) FROM journal", "");
	int fd;

	name(l, ".seen", path);
	name(l, ".seen.tmp", tmp);
	if (!describe(l, seq, row))
		return;
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
	    0640);
	if (fd == -1)
		return;
	if (io_write_all(fd, row, strlen(row)) == -1 ||
	    rename(tmp, path) == -1)
		unlink(tmp);
	close(fd);
}

void
ledger_see(struct ledger *l, bool anew)
{
	int saved = errno;

	ledger_lock_wait(l, F_WRLCK);
	if (anew || ledger_seen(l) == 0)
		put(l);
	ledger_lock_wait(l, F_UNLCK);
	errno = saved;
}
