#ifndef OMNI_PAGE_TEXT_H
#define OMNI_PAGE_TEXT_H

/* What the pages behind links say, in Spanish and English. */
enum page_text {
	/* Titles and what stands below them. */
	TEXT_CONFIRM, TEXT_CONFIRM_LEAD,
	TEXT_CONFIRMED, TEXT_CONFIRMED_LEAD,
	TEXT_DECLINED, TEXT_DECLINED_LEAD,
	TEXT_CALL_BACK, TEXT_CALL_BACK_LEAD,
	TEXT_UNSUBSCRIBE, TEXT_UNSUBSCRIBE_LEAD,
	TEXT_UNSUBSCRIBED, TEXT_UNSUBSCRIBED_LEAD,
	TEXT_PREFERENCES, TEXT_PREFERENCES_LEAD,
	TEXT_SAVED, TEXT_SAVED_LEAD,
	TEXT_EXPIRED, TEXT_EXPIRED_LEAD,
	TEXT_FORGED, TEXT_FORGED_LEAD,
	TEXT_NO_FORM, TEXT_NO_FORM_LEAD,
	TEXT_LATER, TEXT_LATER_LEAD,
	/* Buttons. */
	TEXT_YES_I_COME, TEXT_I_CANNOT, TEXT_CALL_ME, TEXT_STOP, TEXT_SAVE,
	/* What to stop. */
	TEXT_KIND, TEXT_KIND_HINT, TEXT_WAY, TEXT_WAY_HINT, TEXT_ALL,
	TEXT_ALL_HINT,
	/* Preferences. */
	TEXT_HOW, TEXT_CHANNEL, TEXT_LANGUAGE, TEXT_AS_IT_IS, TEXT_ANY,
	TEXT_QUIET, TEXT_QUIET_HINT, TEXT_FROM, TEXT_UNTIL, TEXT_QUIET_CLEAR,
	TEXT_WHAT, TEXT_WHAT_HINT, TEXT_YES, TEXT_NO,
	TEXT_MESSAGES, TEXT_ALL_OR_NONE, TEXT_START, TEXT_STOP_WAY, TEXT_STOP_ALL,
	/* What is wrong with what was chosen. */
	TEXT_ERROR, TEXT_CHOOSE, TEXT_NOTHING, TEXT_NOT_OFFERED,
	TEXT_QUIET_BAD, TEXT_QUIET_SAME, TEXT_QUIET_BOTH,
	/* Below all pages. */
	TEXT_EMERGENCY, TEXT_MAIL, TEXT_OTHER_LANGUAGE,
	TEXT_COUNT
};

/* `language` is "es" or "en". */
const char *page_text(enum page_text t, const char *language);
/* "Mensaje de texto (SMS)"; the word itself where there is no text. */
const char *page_channel(const char *type, const char *language);
const char *page_topic(const char *topic, const char *language);
/* What a language calls itself. */
const char *page_language_name(const char *tag);

#endif
