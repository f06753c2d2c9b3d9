/*
 * /_control: what happened so far, and other faults while it runs.
 */
#include <sysexits.h>

#include "callback.h"
#include "llm.h"
#include "settings.h"

static void
show_counts(struct simulator *s, struct buf *b)
{
	emit_open(b, "accepted", '{');
	for (int i = 0; i < SCOPE_READ; i++)
		emit_integer(b, scope_name((enum scope)i),
		    (int64_t)s->store.count[i]);
	emit_close(b, '}');
	emit_open(b, "played", '{');
	for (int i = FAULT_NONE + 1; i < FAULT_MAX; i++)
		emit_integer(b, fault_name((enum fault)i),
		    (int64_t)s->played[i]);
	emit_close(b, '}');
}

void
control_show(struct exchange *x)
{
	struct simulator *s = x->sim;
	struct buf *b = &x->answer;

	x->status = 200;
	emit_open(b, NULL, '{');
	pthread_mutex_lock(&s->lock);
	pthread_mutex_lock(&s->store.lock);
	emit_integer(b, "requests", (int64_t)s->requested);
	show_counts(s, b);
	pthread_mutex_unlock(&s->store.lock);
	pthread_mutex_unlock(&s->lock);
	callbacks_show(s->callbacks, b);
	emit_close(b, '}');
}

static int
change_faults(struct exchange *x, const struct value *faults,
    struct error *e)
{
	struct simulator *s = x->sim;
	struct value_iter it = { 0 };
	const char *text;
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	if (value_type(faults) == VALUE_NULL)
		faults_none(&s->faults);
	while (rc == 0 && value_type(faults) == VALUE_OBJECT &&
	    value_next(faults, &it)) {
		text = value_scalar_text(it.value, &x->mem);
		rc = faults_set(&s->faults, it.key, text == NULL ? "" : text,
		    e);
	}
	pthread_mutex_unlock(&s->lock);
	return rc;
}

static int
change_answers(struct exchange *x, const struct value *answers,
    struct error *e)
{
	struct value_iter it = { 0 };

	while (value_type(answers) == VALUE_OBJECT &&
	    value_next(answers, &it))
		if (simulator_set_answer(x->sim, it.key,
		    value_scalar_text(it.value, &x->mem), e) == -1)
			return -1;
	return 0;
}

static int
change_llm(struct exchange *x, const struct value *script, struct error *e)
{
	return script == NULL ? 0 : llm_set(x->sim, script, e);
}

/* {"mode": "twice", "delay": 50, "on": true} */
static int
change_callbacks(struct exchange *x, const struct value *callbacks,
    struct error *e)
{
	struct settings *set = &x->sim->set;
	struct value_iter it = { 0 };
	int rc = 0;

	pthread_mutex_lock(&x->sim->lock);
	while (rc == 0 && value_type(callbacks) == VALUE_OBJECT &&
	    value_next(callbacks, &it))
		rc = settings_callbacks(set, it.key,
		    value_scalar_text(it.value, &x->mem), e);
	pthread_mutex_unlock(&x->sim->lock);
	return rc;
}

void
control_change(struct exchange *x)
{
	struct error e = { .text = "not a JSON object" };

	if (x->json == NULL ||
	    change_faults(x, value_get(x->json, "faults"), &e) == -1 ||
	    change_answers(x, value_get(x->json, "answers"), &e) == -1 ||
	    change_llm(x, value_get(x->json, "llm"), &e) == -1 ||
	    change_callbacks(x, value_get(x->json, "callbacks"), &e) == -1) {
		answer_error(x, 400, EX_USAGE, e.text);
		return;
	}
	control_show(x);
}

void
control_reset(struct exchange *x)
{
	struct simulator *s = x->sim;

	callbacks_reset(s->callbacks);
	store_reset(&s->store);
	pthread_mutex_lock(&s->lock);
	for (int i = 0; i < FAULT_MAX; i++)
		s->played[i] = 0;
	s->requested = 0;
	table_clear(&s->faults.tries, NULL);
	pthread_mutex_unlock(&s->lock);
	control_show(x);
}
