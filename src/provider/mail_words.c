#include "mail_words.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* The length of "5.1.1" or "4.4.7" at `s`, 0 when it is none. */
static size_t
enhanced_length(const char *s)
{
	size_t n = 1, digits;

	if (*s != '2' && *s != '4' && *s != '5')
		return 0;
	for (int i = 0; i < 2; i++) {
		if (s[n++] != '.')
			return 0;
		for (digits = 0; isdigit((unsigned char)s[n]); n++)
			digits++;
		if (digits == 0 || digits > 3)
			return 0;
	}
	/* An address of the net has a fourth number, and a version may. */
	return s[n] == '.' && isdigit((unsigned char)s[n + 1]) ? 0 : n;
}

bool
mail_words_enhanced(const char *text, struct mail_code *out)
{
	size_t n;

	for (const char *s = text; *s != '\0'; s++) {
		/* "550-5.1.1 ..." is the first line of several. */
		n = s == text || (!isalnum((unsigned char)s[-1]) &&
		    s[-1] != '.' && s[-1] != '/' && (s[-1] != '-' ||
		    (s > text + 1 && isdigit((unsigned char)s[-2])))) ?
		    enhanced_length(s) : 0;
		if (n == 0 || isalnum((unsigned char)s[n]))
			continue;
		/* A transcript has what went well before what did not. */
		if (*s == '2' && mail_words_enhanced(s + n, out) &&
		    out->text[0] != '2')
			return true;
		snprintf(out->text, sizeof(out->text), "%.*s", (int)n, s);
		return true;
	}
	return false;
}

bool
mail_words_basic(const char *text, struct mail_code *out)
{
	for (const char *s = text; *s != '\0'; s++) {
		if ((s != text && strchr(" \t\n(:#'\"[", s[-1]) == NULL) ||
		    (*s != '4' && *s != '5') || s[1] < '0' || s[1] > '5' ||
		    !isdigit((unsigned char)s[2]) || (s[3] != ' ' &&
		    s[3] != '-' && s[3] != ')' && s[3] != '\n' &&
		    s[3] != ','))
			continue;
		snprintf(out->text, sizeof(out->text), "%.3s", s);
		return true;
	}
	return false;
}

static bool
any_of(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcasestr(text, words[i]) != NULL)
			return true;
	return false;
}

bool
mail_words_meaning(const char *text, struct mail_code *out)
{
	static const struct {
		const char *words, *code;
	} all[] = {
		/* Before what they go on to say. */
		{ "retry timeout exceeded", "4.4.7" },
		{ "failing for a long time", "4.4.7" },
		{ "retry time not reached", "4.4.7" },
		{ "host not reachable", "4.4.1" },
		{ "connection timed out", "4.4.1" },
		{ "connection refused", "4.4.1" },
		{ "user unknown", "5.1.1" }, { "unknown user", "5.1.1" },
		{ "no such user", "5.1.1" }, { "no such recipient", "5.1.1" },
		{ "unknown recipient", "5.1.1" },
		{ "recipient unknown", "5.1.1" },
		{ "unknown local", "5.1.1" },
		{ "no mailbox here", "5.1.1" },
		{ "mailbox not found", "5.1.1" },
		{ "mailbox unavailable or does not exist", "5.1.1" },
		{ "recipient not found", "5.1.1" },
		{ "RecipientNotFound", "5.1.1" },
		{ "RecipNotFound", "5.1.1" },
		{ "user not found", "5.1.1" },
		{ "user does not exist", "5.1.1" },
		{ "account does not exist", "5.1.1" },
		{ "address does not exist", "5.1.1" },
		{ "doesn't have a yahoo", "5.1.1" },
		{ "usuario desconocido", "5.1.1" },
		{ "destinatario desconocido", "5.1.1" },
		{ "usuario no existe", "5.1.1" },
		{ "cuenta no existe", "5.1.1" },
		{ "invalid user", "5.1.1" },
		{ "invalid address", "5.1.1" },
		{ "invalid recipient", "5.1.1" },
		{ "malformed address", "5.1.3" },
		{ "recipient name is not recognized", "5.1.1" },
		{ "no valid recipients", "5.1.1" },
		{ "not our customer", "5.1.1" },
		{ "no such address", "5.1.1" },
		{ "address not found", "5.1.1" },
		{ "wasn't found at", "5.1.1" },
		{ "domain does not exist", "5.1.2" },
		{ "dns lookup failure", "5.1.2" },
		{ "no such domain", "5.1.2" },
		{ "host unknown", "5.1.2" }, { "unknown host", "5.1.2" },
		{ "domain not found", "5.1.2" },
		{ "host or domain name not found", "5.4.4" },
		{ "mailbox is disabled", "5.2.1" },
		{ "mailbox disabled", "5.2.1" },
		{ "account disabled", "5.2.1" },
		{ "account is disabled", "5.2.1" },
		{ "account has been disabled", "5.2.1" },
		{ "mailbox full", "5.2.2" }, { "mailbox is full", "5.2.2" },
		{ "mailbox exceeds", "5.2.2" }, { "over quota", "5.2.2" },
		{ "quota exceeded", "5.2.2" }, { "exceeded storage", "5.2.2" },
		{ "buz\xc3\xb3n lleno", "5.2.2" }, { "buzon lleno", "5.2.2" },
		{ "cuota excedida", "5.2.2" },
		{ "message too large", "5.3.4" },
		{ "message size exceeds", "5.3.4" },
		{ "relaying denied", "5.7.1" },
		{ "relay access denied", "5.7.1" },
		{ "spam", "5.7.1" }, { "blacklist", "5.7.1" },
		{ "blocked", "5.7.1" }
	};

	for (size_t i = 0; i < COUNT(all); i++)
		if (strcasestr(text, all[i].words) != NULL) {
			snprintf(out->text, sizeof(out->text), "%s",
			    all[i].code);
			return true;
		}
	return false;
}

bool
mail_words_is_failure(const char *text)
{
	static const char *const words[] = { "undeliver", "not delivered",
	    "delivery status notification (failure)", "delivery fail",
	    "failure notice", "failed delivery", "delivery has failed",
	    "could not be delivered", "couldn't be delivered",
	    "cannot be delivered", "can not be delivered",
	    "unable to deliver", "wasn't able to deliver",
	    "was not able to deliver", "could not deliver",
	    "was not delivered", "wasn't delivered", "returned mail",
	    "mail delivery fail", "returned to sender", "delivery error",
	    "permanent error", "permanent failure", "failed permanently",
	    "no se puede entregar", "no se pudo entregar",
	    "no entregado", "error de entrega", "devuelto al remitente",
	    "mail could not be sent", "mail failure", "attempting to deliver",
	    "error delivering", "did not reach", "could not be sent",
	    "delivery errors", "permanent fatal errors",
	    "following address(es) failed", "had fatal errors",
	    "was aborted after", "nondeliverable", "non remis",
	    "unzustellbar", "non recapitabile" };

	return any_of(text, words, COUNT(words));
}

bool
mail_words_is_delay(const char *text)
{
	static const char *const words[] = { "delayed", "will be retried",
	    "warning message only", "still being retried", "will continue to "
	    "try", "will keep trying", "retry for", "delivery incomplete",
	    "not yet been delivered", "could not send message for past",
	    "se seguir\xc3\xa1 intentando", "entrega retrasada", "aplazad" };

	return any_of(text, words, COUNT(words));
}

bool
mail_words_is_absence(const char *subject)
{
	static const char *const words[] = { "auto:", "autoreply",
	    "auto-reply", "auto reply", "auto response", "auto-response",
	    "autoresponse", "autoresponder", "automatic reply",
	    "automated reply", "out of office", "out of the office", "ooo:",
	    "away from my mail", "vacation", "respuesta autom",
	    "contestaci\xc3\xb3n autom", "mensaje autom", "fuera de la ofic",
	    "fuera de ofic", "ausencia", "estoy de vacaciones",
	    "r\xc3\xa9ponse automatique", "automatische antwort",
	    "abwesenheit", "resposta autom", "risposta automatica" };

	while (isspace((unsigned char)*subject))
		subject++;
	for (size_t i = 0; i < COUNT(words); i++)
		if (strncasecmp(subject, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}
