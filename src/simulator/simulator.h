#ifndef OMNI_SIMULATOR_SIMULATOR_H
#define OMNI_SIMULATOR_SIMULATOR_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/form.h"
#include "base/record.h"
#include "fault.h"
#include "hold.h"
#include "journal.h"
#include "store.h"
#include "table.h"

/*
 * The providers, played on loopback.
 *
 * A request is an exchange.  The row of its provider in route.c has two
 * functions: `check` looks at the credential and the form, and answers what is
 * wrong; `act` does what was asked.  Between the two a fault may be drawn, so
 * that faults meet only what would have been accepted as to its form.
 */
#define BODY_MAX	(48 * 1024 * 1024)	/* bytes of a request */
#define KEPT_MAX	(64 * 1024)		/* of a body in a journal */

#define PARTS_MAX	3		/* of a path, that are kept */

struct callbacks;

struct settings {
	const char *dir;		/* or NULL: nothing is written */
	const char *account_sid, *auth_token;
	const char *whatsapp_token, *app_secret;
	const char *aws_access_key_id, *aws_secret_access_key;
	const char *aws_session_token;	/* or NULL */
	const char *llm_key;
	const char *whatsapp_webhook;	/* URL, or NULL */
	const char *callback_dir;	/* or NULL: over HTTP */
	const char *callback_to;	/* the server to ask instead, or NULL */
	/* These may change at any time: */
	atomic_bool callbacks;		/* off: all arrives at once */
	atomic_int_fast64_t callback_delay_ms;
	atomic_bool early, late, twice, shuffled, batched;
	int retry_after;		/* seconds; 0: no header */
};

struct simulator {
	struct settings set;
	int dir;			/* of the files, or -1 */
	int http_port, smtp_port;
	char basic[512], bearer[512];	/* right Authorization headers */
	struct store store;
	struct journal requests;
	struct hold hold;
	struct callbacks *callbacks;
	/* Under the lock: faults, answers, media, script and all counts. */
	pthread_mutex_t lock;
	struct faults faults;
	struct table answers;		/* address folded: text, malloc'ed */
	struct table media;		/* id: struct media */
	struct value *llm;		/* its script, or NULL */
	size_t llm_next;
	const char *llm_file;		/* to begin with, or NULL */
	uintmax_t played[FAULT_MAX];
	uintmax_t requested;
	int64_t start_ms;
	atomic_uint_fast64_t tickets;
	atomic_bool stopping;
};

struct route;

struct exchange {
	struct simulator *sim;
	struct MHD_Connection *connection;
	const struct route *route;
	char *target;			/* as it stood in the request line */
	const char *method;
	const char *path;		/* decoded, without the query */
	const char *part[PARTS_MAX];	/* of the path: sid, number, topic */
	struct arena mem;
	struct buf body;
	struct form query, form;
	struct value *json;
	struct buf mail;		/* that was within */
	/* Set by `check`: */
	bool authorized;
	const char *to, *from, *text, *reference, *callback, *service;
	const char *unknown[16];	/* names of parameters */
	size_t unknown_count;
	/* Drawn: */
	struct draw draw;
	/* The answer: */
	int status;			/* 0: none yet */
	const char *type;
	struct buf answer;
	const char *header[2], *header_value[2];
	struct message *accepted;	/* or NULL */
	int64_t hold_until;		/* 0: no */
	bool too_large, held;
};

struct route {
	enum scope scope;
	const char *methods;		/* "POST", or several: "POST PUT" */
	/*
	 * Segments: "*" is any and becomes part[], "v*" one that begins so and
	 * is not kept, others are themselves.
	 */
	const char *path;
	bool sends;			/* else it only asks */
	bool is_form;
	void (*check)(struct exchange *x);
	void (*act)(struct exchange *x);
};

/* route.c: NULL with a status in x when nobody serves that. */
const struct route *route_find(struct exchange *x);

/* answer.c: what all providers share */
void answer_error(struct exchange *x, int status, int code,
    const char *text);	/* in the provider's own form */
void answer_code(struct exchange *x, int code);	/* the same, known codes */
/* In that of SES. */
void answer_named(struct exchange *x, int status, const char *name,
    const char *text);
void answer_fault(struct exchange *x, enum fault f);
void answer_header(struct exchange *x, const char *name, const char *value);
/* A header of the request, or NULL. */
const char *request_header(const struct exchange *x, const char *name);
/* What was set for this recipient, lent from the arena; or NULL. */
const char *answer_for(struct exchange *x, const char *to);
/* "+52 1 55..." and "whatsapp:+5255..." become one; mail in lower case. */
char *fold_address(const char *to, struct arena *mem);
int simulator_set_answer(struct simulator *s, const char *to,
    const char *what, struct error *e);
/* The message is ours now: keeps it, notes it. */
struct message *accept_message(struct exchange *x, const struct message *m);
char *random_hex(char *out, size_t digits);	/* returns `out`, ended */

/* smtp.c: a thread for each connection */
struct smtp;
struct smtp *smtp_start(struct simulator *s, int fd);
void smtp_stop(struct smtp *m);

/*
 * smtp_mail.c: keeps it as mail/ID.eml, byte for byte, and lends that name;
 * NULL: there is no directory to keep it in.
 */
const char *mail_keep(struct simulator *s, struct arena *mem, const char *id,
    const struct buf *mail);

/* ses_mail.c: what Raw.Data holds, into x->mail; false: no base64. */
bool ses_raw_mail(struct exchange *x);
char *ses_mail_header(struct exchange *x, const char *name);

/* http.c */
struct MHD_Daemon *http_start(struct simulator *s, int fd);

/* The rows of the table in route.c: */
void twilio_check_credential(struct exchange *x);
void twilio_check_message(struct exchange *x);
void twilio_create_message(struct exchange *x);
void twilio_fetch_message(struct exchange *x);
void twilio_list_messages(struct exchange *x);
void twilio_check_call(struct exchange *x);
void twilio_create_call(struct exchange *x);
void twilio_fetch_call(struct exchange *x);
void twilio_list_calls(struct exchange *x);
void twilio_look_up(struct exchange *x);
void twilio_media(struct exchange *x);
void twilio_content(struct exchange *x);
void whatsapp_check_credential(struct exchange *x);
void whatsapp_check_message(struct exchange *x);
void whatsapp_send(struct exchange *x);
void whatsapp_upload(struct exchange *x);
void whatsapp_media(struct exchange *x);
void whatsapp_download(struct exchange *x);
void whatsapp_templates(struct exchange *x);
void ses_check(struct exchange *x);
void ses_send(struct exchange *x);
void ntfy_check(struct exchange *x);
void ntfy_publish(struct exchange *x);
void ntfy_check_list(struct exchange *x);
void ntfy_list(struct exchange *x);
void push_check(struct exchange *x);
void push_send(struct exchange *x);
void llm_check_anthropic(struct exchange *x);
void llm_anthropic(struct exchange *x);
void llm_check_openai(struct exchange *x);
void llm_openai(struct exchange *x);
void control_show(struct exchange *x);
void control_change(struct exchange *x);
void control_reset(struct exchange *x);

void twilio_error(struct exchange *x, int status, int code,
    const char *text);
/* In the form of the one that was asked. */
void llm_error(struct exchange *x, int status, const char *text);
void media_drop(void *media);
/* What was uploaded under that id; false: nothing was, and that is answered. */
bool media_answer(struct exchange *x, const char *id);

#endif
