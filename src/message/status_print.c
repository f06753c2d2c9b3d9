/* The three forms in which omni-status(1) says how things stand. */
#include "status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CELL	32

/* "45s", "12m", "3h", "2d": two digits are enough for an age. */
static void
age_text(int64_t seconds, char out[CELL])
{
	static const struct { int64_t seconds; char letter; } units[] = {
		{ 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' }
	};
	size_t i = 0;

	/* 90 minutes say more than one hour. */
	while (i < 3 && seconds < 2 * units[i].seconds)
		i++;
	snprintf(out, CELL, "%" PRId64 "%c", seconds / units[i].seconds,
	    units[i].letter);
}

static void
money_text(int64_t n, char out[CELL])
{
	snprintf(out, CELL, "%" PRId64 ".%02" PRId64, n / 1000000,
	    n % 1000000 / 10000);
}

static void
bytes_text(int64_t n, char out[CELL])
{
	if (n > 0 && n < 1024 * 1024)
		snprintf(out, CELL, "%" PRId64 " KiB", (n + 1023) / 1024);
	else
		snprintf(out, CELL, "%" PRId64 " MiB", n / (1024 * 1024));
}

static char *
cell(enum status_unit unit, int64_t n, char out[CELL])
{
	if (n == STATUS_NONE)
		snprintf(out, CELL, "-");
	else if (unit == STATUS_SECONDS || unit == STATUS_SINCE)
		age_text(n, out);
	else if (unit == STATUS_MONEY)
		money_text(n, out);
	else if (unit == STATUS_PERCENT)
		snprintf(out, CELL, "%" PRId64 " %%", n);
	else if (unit == STATUS_BYTES || unit == STATUS_ROOM)
		bytes_text(n, out);
	else if (unit == STATUS_YES)
		snprintf(out, CELL, "%s", n != 0 ? "reached" : "-");
	else
		snprintf(out, CELL, "%" PRId64, n);
	return out;
}

static const char *
state_of(const struct status_place *p)
{
	return p->type == NULL ? "not configured" : p->active ? p->type :
	    "not active";
}

/* As wide as the widest of its column, name and head included. */
static int
width_of(const struct status *s, size_t column)
{
	const struct status_measure *m = status_of_channel(column);
	int width = (int)strlen(m->words), n;
	char text[CELL];

	for (const struct status_place *p = s->channels; p != NULL;
	    p = p->next) {
		n = (int)strlen(cell(m->unit, p->values[column], text));
		width = n > width ? n : width;
	}
	return width;
}

static void
add_channels(const struct status *s, struct buf *out)
{
	const struct status_measure *m;
	char text[CELL];

	buf_printf(out, "%-16s %-14s", "channel", "type");
	for (size_t i = 0; (m = status_of_channel(i)) != NULL; i++)
		buf_printf(out, "  %*s", width_of(s, i), m->words);
	buf_char(out, '\n');
	for (const struct status_place *p = s->channels; p != NULL;
	    p = p->next) {
		buf_printf(out, "%-16s %-14s", p->name, state_of(p));
		for (size_t i = 0; (m = status_of_channel(i)) != NULL; i++)
			buf_printf(out, "  %*s", width_of(s, i), cell(m->unit,
			    p->values[i], text));
		buf_char(out, '\n');
	}
	buf_char(out, '\n');
}

/*
 * "sms: due_age is 45m, and [status] due_age 30m"; what is critical says so
 * first.
 */
static void
add_excess(const struct status_excess *x, struct buf *out)
{
	const struct status_measure *m = x->measure;
	char value[CELL], limit[CELL];

	if (x->level == STATUS_CRITICAL)
		buf_str(out, "critical: ");
	if (x->place->name != NULL)
		buf_printf(out, "%s: ", x->place->name);
	if (m->unit == STATUS_YES)
		buf_printf(out, "the %s is reached", m->words);
	else
		buf_printf(out, "%s is %s, and [status] %s %s", m->name,
		    cell(m->unit, x->value, value), m->limit, cell(m->unit,
		    x->limit, limit));
}

/* Which flags there are: "unresponsive 3 (2d), call_back 1 (5m)". */
static void
add_flags(const struct status *s, struct buf *out)
{
	char text[CELL];

	for (const struct status_flag *f = s->flags; f != NULL; f = f->next) {
		age_text(f->age, text);
		buf_printf(out, "%s%s %" PRId64 " (%s)", f == s->flags ?
		    "" : ", ", f->kind, f->count, text);
	}
}

static void
add_run(const struct status_run *r, struct buf *out)
{
	char text[CELL];

	buf_printf(out, "%-18s", r->program);
	if (r->started != STATUS_NONE) {
		age_text(r->started, text);
		buf_printf(out, " started %s ago", text);
	}
	if (r->at != NULL) {
		age_text(r->age, text);
		buf_printf(out, "%s changed %" PRId64 " %s ago",
		    r->started != STATUS_NONE ? "," : "", r->changes, text);
	}
	buf_char(out, '\n');
}

void
status_text(const struct status *s, struct buf *out)
{
	const struct status_measure *m;
	char text[CELL];

	add_channels(s, out);
	for (size_t i = 0; (m = status_of_site(i)) != NULL; i++) {
		buf_printf(out, "%-18s %s", m->words, cell(m->unit,
		    s->site.values[i], text));
		if (strcmp(m->name, "flags") == 0 && s->flags != NULL) {
			buf_str(out, ": ");
			add_flags(s, out);
		}
		buf_char(out, '\n');
	}
	for (const struct status_run *r = s->runs; r != NULL; r = r->next)
		add_run(r, out);
	for (const struct status_folder *f = s->folders; f != NULL;
	    f = f->next)
		if (f->files > 0)
			buf_printf(out, "%-18s %" PRId64 " files, %s\n",
			    f->name, f->files, cell(STATUS_BYTES, f->bytes,
			    text));
}

static void
set_value(struct value *object, const struct status_measure *m, int64_t n)
{
	char text[CELL];

	if (n == STATUS_NONE)
		return;
	if (m->unit == STATUS_YES)
		value_set_bool(object, m->name, n != 0);
	else if (m->unit == STATUS_MONEY) {
		money_text(n, text);
		value_set_string(object, m->name, text);
	} else
		value_set_integer(object, m->name, n);
}

static struct value *
channels_of(const struct status *s)
{
	struct value *all = value_new_object(), *one;
	const struct status_measure *m;

	for (const struct status_place *p = s->channels; p != NULL;
	    p = p->next) {
		one = value_new_object();
		if (p->type != NULL)
			value_set_string(one, "type", p->type);
		value_set_bool(one, "active", p->active);
		for (size_t i = 0; (m = status_of_channel(i)) != NULL; i++)
			set_value(one, m, p->values[i]);
		value_set_take(all, p->name, one);
	}
	return all;
}

static struct value *
runs_of(const struct status *s)
{
	struct value *all = value_new_object(), *one;

	for (const struct status_run *r = s->runs; r != NULL; r = r->next) {
		one = value_new_object();
		if (r->started != STATUS_NONE)
			value_set_integer(one, "started_age", r->started);
		if (r->at != NULL) {
			value_set_string(one, "at", r->at);
			value_set_integer(one, "age", r->age);
			value_set_integer(one, "changes", r->changes);
		}
		value_set_take(all, r->program, one);
	}
	return all;
}

static struct value *
flags_of(const struct status *s)
{
	struct value *all = value_new_object(), *one;

	for (const struct status_flag *f = s->flags; f != NULL; f = f->next) {
		one = value_new_object();
		value_set_integer(one, "count", f->count);
		value_set_integer(one, "age", f->age);
		value_set_take(all, f->kind, one);
	}
	return all;
}

static struct value *
folders_of(const struct status *s)
{
	struct value *all = value_new_object(), *one;

	for (const struct status_folder *f = s->folders; f != NULL;
	    f = f->next) {
		one = value_new_object();
		value_set_integer(one, "files", f->files);
		value_set_integer(one, "bytes", f->bytes);
		value_set_take(all, f->name, one);
	}
	return all;
}

static struct value *
excesses_of(const struct status *s)
{
	struct value *all = value_new_array(), *one;

	for (const struct status_excess *x = s->excesses; x != NULL;
	    x = x->next) {
		one = value_new_object();
		if (x->place->name != NULL)
			value_set_string(one, "channel", x->place->name);
		value_set_string(one, "what", x->measure->name);
		value_set_string(one, "level", status_level_name(x->level));
		value_set_integer(one, "value", x->value);
		value_set_integer(one, "limit", x->limit);
		value_append_take(all, one);
	}
	return all;
}

void
status_json(const struct status *s, struct buf *out)
{
	struct value *v = value_new_object();
	const struct status_measure *m;

	value_set_string(v, "at", s->at);
	value_set_string(v, "status", status_level_name(status_level(s)));
	value_set_bool(v, "ok", status_level(s) == STATUS_WELL);
	value_set_take(v, "above", excesses_of(s));
	if (s->clock != NULL)
		value_set_string(v, "clock", s->clock);
	value_set_take(v, "channels", channels_of(s));
	for (size_t i = 0; (m = status_of_site(i)) != NULL; i++)
		set_value(v, m, s->site.values[i]);
	value_set_take(v, "flags_by_kind", flags_of(s));
	value_set_take(v, "runs", runs_of(s));
	value_set_take(v, "spool", folders_of(s));
	value_write(v, out);
	buf_char(out, '\n');
	value_free(v);
}

/* The value of a label, as the text format has it. */
static void
add_label(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '\\' || *s == '"')
			buf_char(out, '\\');
		if (*s == '\n')
			buf_str(out, "\\n");
		else
			buf_char(out, *s);
	}
}

static void
add_head(struct buf *out, const char *prefix, const char *name,
    const char *suffix, const char *help)
{
	buf_printf(out, "# HELP %s%s%s %s\n# TYPE %s%s%s gauge\n", prefix,
	    name, suffix, help, prefix, name, suffix);
}

/* Ages in seconds, by the format's custom; nothing that waits waits for 0. */
static void
add_sample(struct buf *out, const char *prefix, const struct status_measure *m,
    const char *suffix, const char *channel, int64_t n)
{
	char text[CELL];

	if (n == STATUS_NONE && m->unit == STATUS_SECONDS)
		n = 0;
	if (n == STATUS_NONE)
		return;
	buf_printf(out, "%s%s%s", prefix, m->name, suffix);
	if (channel != NULL) {
		buf_str(out, "{channel=\"");
		add_label(out, channel);
		buf_str(out, "\"}");
	}
	if (m->unit == STATUS_MONEY)
		money_text(n, text);
	else
		snprintf(text, sizeof(text), "%" PRId64, n);
	buf_printf(out, " %s\n", text);
}

static const char *
suffix_of(const struct status_measure *m)
{
	return m->unit == STATUS_SECONDS || m->unit == STATUS_SINCE ?
	    "_seconds" : m->unit == STATUS_PERCENT ? "_percent" : "";
}

/* A sample with one label; its name is all of the metric's. */
static void
add_labelled(struct buf *out, const char *name, const char *label,
    const char *value, int64_t n)
{
	buf_printf(out, "%s{%s=\"", name, label);
	add_label(out, value);
	buf_printf(out, "\"} %" PRId64 "\n", n);
}

static void
add_prometheus_runs(const struct status *s, struct buf *out)
{
	add_head(out, "omni_", "program_started", "_seconds",
	    "How long ago the program was last started.");
	for (const struct status_run *r = s->runs; r != NULL; r = r->next)
		if (r->started != STATUS_NONE)
			add_labelled(out, "omni_program_started_seconds",
			    "program", r->program, r->started);
	add_head(out, "omni_", "program_changed", "_seconds",
	    "How long ago a run of the program last changed the ledger.");
	for (const struct status_run *r = s->runs; r != NULL; r = r->next)
		if (r->at != NULL)
			add_labelled(out, "omni_program_changed_seconds",
			    "program", r->program, r->age);
}

static void
add_prometheus_flags(const struct status *s, struct buf *out)
{
	add_head(out, "omni_", "open_flags", "", "Open flags, by their kind.");
	for (const struct status_flag *f = s->flags; f != NULL; f = f->next)
		add_labelled(out, "omni_open_flags", "kind", f->kind,
		    f->count);
}

static void
add_prometheus_spool(const struct status *s, struct buf *out)
{
	const struct status_folder *f;

	add_head(out, "omni_", "spool_files", "",
	    "Files in a directory of the spool.");
	for (f = s->folders; f != NULL; f = f->next)
		add_labelled(out, "omni_spool_files", "directory", f->name,
		    f->files);
	add_head(out, "omni_", "spool_bytes", "",
	    "Bytes of the files in a directory of the spool.");
	for (f = s->folders; f != NULL; f = f->next)
		add_labelled(out, "omni_spool_bytes", "directory", f->name,
		    f->bytes);
}

static void
add_prometheus_end(const struct status *s, struct buf *out)
{
	int64_t above = 0;

	for (const struct status_excess *x = s->excesses; x != NULL;
	    x = x->next)
		above++;
	add_head(out, "omni_", "above_threshold", "",
	    "How many values are above their threshold.");
	buf_printf(out, "omni_above_threshold %" PRId64 "\n", above);
	add_head(out, "omni_", "stopped_by_clock", "",
	    "Whether the clock's guard stops the senders.");
	buf_printf(out, "omni_stopped_by_clock %d\n", s->clock != NULL);
	add_head(out, "omni_", "status", "",
	    "0 all is well, 1 a warning, 2 critical.");
	buf_printf(out, "omni_status %d\n", (int)status_level(s));
}

void
status_prometheus(const struct status *s, struct buf *out)
{
	const struct status_measure *m;

	for (size_t i = 0; (m = status_of_channel(i)) != NULL; i++) {
		add_head(out, "omni_channel_", m->name, suffix_of(m), m->help);
		for (const struct status_place *p = s->channels; p != NULL;
		    p = p->next)
			add_sample(out, "omni_channel_", m, suffix_of(m),
			    p->name, p->values[i]);
	}
	for (size_t i = 0; (m = status_of_site(i)) != NULL; i++) {
		add_head(out, "omni_", m->name, suffix_of(m), m->help);
		add_sample(out, "omni_", m, suffix_of(m), NULL,
		    s->site.values[i]);
	}
	add_prometheus_runs(s, out);
	add_prometheus_flags(s, out);
	add_prometheus_spool(s, out);
	add_prometheus_end(s, out);
}

void
status_complain(const struct status *s)
{
	struct buf line = BUF_INIT(4096);

	for (const struct status_excess *x = s->excesses; x != NULL;
	    x = x->next) {
		buf_clear(&line);
		add_excess(x, &line);
		diag("%s", buf_text(&line));
	}
	buf_release(&line);
	if (s->clock != NULL)
		diag("critical: %s", s->clock);
}
