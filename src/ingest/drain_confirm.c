#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "base/output.h"
#include "drain_impl.h"
#include "store/spool.h"

/* What the drain has checked is checked again: topics come and go. */
static void
confirm(struct drain *d, const char *name)
{
	struct drained file;
	struct value *event;
	const struct value *first;
	struct error e;

	if (!drain_load(d, DRAIN_WAITING, name, &file))
		return;
	first = value_at(file.events, 0);
	if (sns_inbox_confirm(d->readers.sns, first, &e) == -1)
		drain_refuse(d, DRAIN_WAITING, name, &e);
	else {
		drain_remove(d, DRAIN_WAITING, name);
		event = value_copy(first);
		value_set_string(event, "applied", "confirmed");
		drain_print(d, event);
		value_free(event);
	}
	value_free(file.events);
}

void
drain_confirm_all(struct drain *d)
{
	struct error e;
	char **names;
	size_t count;

	/* None has ever come. */
	if (faccessat(d->dir, DRAIN_WAITING, F_OK, 0) == -1 &&
	    errno == ENOENT)
		return;
	if (spool_names(d->dir, DRAIN_WAITING, DRAIN_FILES_MAX, &names,
	    &count, &e) == -1)
		die(e.status, "%s", e.text);
	for (size_t i = 0; i < count && d->failed == 0; i++)
		confirm(d, names[i]);
	output_flush();
	spool_names_free(names, count);
}
