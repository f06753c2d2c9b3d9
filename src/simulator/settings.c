#include "settings.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define DELAY_MOST_MS	3600000

static int
set_on(struct settings *set, const char *value, struct error *e)
{
	bool on = strcmp(value, "on") == 0 || strcmp(value, "true") == 0;

	if (!on && strcmp(value, "off") != 0 && strcmp(value, "false") != 0)
		return error_set(e, EX_USAGE, "callbacks %s: not on or off",
		    value);
	set->callbacks = on;
	return 0;
}

static int
set_delay(struct settings *set, const char *value, struct error *e)
{
	char *end;
	long ms;

	ms = strtol(value, &end, 10);
	if (end == value || *end != '\0' || ms < 0 || ms > DELAY_MOST_MS)
		return error_set(e, EX_USAGE, "callback delay %s: not "
		    "milliseconds", value);
	set->callback_delay_ms = ms;
	return 0;
}

static int
set_mode(struct settings *set, const char *value, struct error *e)
{
	bool early = false, late = false, twice = false, shuffled = false;
	bool batched = false, ignored;
	const struct {
		const char *name;
		bool *place;
	} modes[] = {
		{ "plain", &ignored }, { "early", &early }, { "late", &late },
		{ "twice", &twice }, { "shuffled", &shuffled },
		{ "batched", &batched }
	};
	size_t len, i, count = sizeof(modes) / sizeof(modes[0]);

	for (; *value != '\0'; value += len + (value[len] == ',')) {
		len = strcspn(value, ",");
		for (i = 0; i < count; i++)
			if (strlen(modes[i].name) == len &&
			    strncmp(modes[i].name, value, len) == 0)
				break;
		if (i == count)
			return error_set(e, EX_USAGE, "callback mode %.*s: "
			    "not early, late, twice, shuffled or batched",
			    (int)len, value);
		*modes[i].place = true;
	}
	set->early = early;
	set->late = late;
	set->twice = twice;
	set->shuffled = shuffled;
	set->batched = batched;
	return 0;
}

int
settings_callbacks(struct settings *set, const char *name, const char *value,
    struct error *e)
{
	if (value == NULL)
		value = "";
	if (strcmp(name, "on") == 0)
		return set_on(set, value, e);
	if (strcmp(name, "delay") == 0)
		return set_delay(set, value, e);
	if (strcmp(name, "mode") == 0)
		return set_mode(set, value, e);
	return error_set(e, EX_USAGE, "callbacks: no such setting: %s", name);
}
