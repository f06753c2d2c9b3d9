#include "page_text.h"

#include <stddef.h>
#include <string.h>

struct wording {
	const char *es, *en;
};

static const struct wording texts[TEXT_COUNT] = {
	[TEXT_CONFIRM] = { "¿Podrá venir a su cita?",
	    "Can you come to your appointment?" },
	[TEXT_CONFIRM_LEAD] = { "El día y la hora están en el mensaje que le "
	    "enviamos.", "The day and time are in the message that we sent "
	    "you." },
	[TEXT_CONFIRMED] = { "Gracias, le esperamos",
	    "Thank you, see you then" },
	[TEXT_CONFIRMED_LEAD] = { "Anotamos que vendrá. Si la cita cambió de "
	    "fecha después de ese mensaje, le preguntaremos por la nueva.",
	    "We have noted that you will come. If the appointment was moved "
	    "after that message, we will ask you about the new date." },
	[TEXT_DECLINED] = { "Gracias por avisarnos",
	    "Thank you for telling us" },
	[TEXT_DECLINED_LEAD] = { "Avisamos a nuestro equipo de que no podrá "
	    "venir. Le buscaremos para encontrar otra fecha.",
	    "Our team has been told that you cannot come, and will get in "
	    "touch to find another date." },
	[TEXT_CALL_BACK] = { "Con gusto le llamamos",
	    "We will gladly call you" },
	[TEXT_CALL_BACK_LEAD] = { "Nuestro equipo le llamará en cuanto pueda. "
	    "Su cita sigue como está.", "Our team will call you as soon as it "
	    "can. Your appointment stays as it is." },
	[TEXT_UNSUBSCRIBE] = { "¿Qué mensajes ya no desea recibir?",
	    "Which messages should we stop?" },
	[TEXT_UNSUBSCRIBE_LEAD] = { "Elija una opción. No tiene que explicar "
	    "nada.", "Choose one. There is nothing to explain." },
	[TEXT_UNSUBSCRIBED] = { "Listo, lo anotamos", "Done, we have noted it" },
	[TEXT_UNSUBSCRIBED_LEAD] = { "Ya no le enviaremos esos mensajes. Si "
	    "alguno ya iba en camino, todavía podría llegarle.",
	    "We will not send you those messages any more. One that is "
	    "already on its way may still arrive." },
	[TEXT_PREFERENCES] = { "Sus preferencias", "Your preferences" },
	[TEXT_PREFERENCES_LEAD] = { "Cambie solo lo que desee. Lo demás se "
	    "queda como está.", "Change only what you wish. All else stays as "
	    "it is." },
	[TEXT_SAVED] = { "Listo, guardamos sus preferencias",
	    "Done, your preferences are saved" },
	[TEXT_SAVED_LEAD] = { "Valen a partir de los próximos minutos.",
	    "They hold from the next few minutes on." },
	[TEXT_EXPIRED] = { "Este enlace ya venció", "This link has expired" },
	[TEXT_EXPIRED_LEAD] = { "Cada enlace vale por un tiempo, y el de una "
	    "cita hasta que empieza. Responda al mensaje que recibió y con "
	    "gusto le atendemos.", "Each link holds for some time, and that of "
	    "an appointment until it begins. Answer the message that you "
	    "received and we will gladly help." },
	[TEXT_FORGED] = { "No reconocemos este enlace",
	    "We do not recognise this link" },
	[TEXT_FORGED_LEAD] = { "Quizá se cortó al copiarlo. Ábralo otra vez "
	    "desde el mensaje que le enviamos, o responda a ese mensaje.",
	    "It may have been cut when it was copied. Open it again from the "
	    "message that we sent you, or answer that message." },
	[TEXT_NO_FORM] = { "No pudimos leer su respuesta",
	    "We could not read your answer" },
	[TEXT_NO_FORM_LEAD] = { "No cambió nada. Abra otra vez el enlace del "
	    "mensaje que le enviamos, o responda a ese mensaje.",
	    "Nothing was changed. Open the link in our message again, or "
	    "answer that message." },
	[TEXT_LATER] = { "Ahora no pudimos guardarlo",
	    "We could not save it just now" },
	[TEXT_LATER_LEAD] = { "La falla es nuestra. Intente otra vez en unos "
	    "minutos, o responda al mensaje que le enviamos.",
	    "The fault is ours. Try again in a few minutes, or answer the "
	    "message that we sent you." },

	[TEXT_YES_I_COME] = { "Sí, ahí estaré", "Yes, I will be there" },
	[TEXT_I_CANNOT] = { "No podré ir", "I cannot come" },
	[TEXT_CALL_ME] = { "Llámenme, por favor", "Please call me" },
	[TEXT_STOP] = { "Dejar de recibirlos", "Stop them" },
	[TEXT_SAVE] = { "Guardar", "Save" },

	[TEXT_KIND] = { "Solo los de este tipo", "Only those of this kind" },
	[TEXT_KIND_HINT] = { "Los que son como el que acaba de abrir.",
	    "Those like the one that you have just opened." },
	[TEXT_WAY] = { "Todos los que llegan por este medio",
	    "All that come this way" },
	[TEXT_WAY_HINT] = { "Por ejemplo, todos nuestros correos, si este "
	    "enlace le llegó por correo.", "All our emails, for example, if "
	    "this link came by email." },
	[TEXT_ALL] = { "Todos", "All of them" },
	[TEXT_ALL_HINT] = { "Tampoco le recordaremos sus citas.",
	    "We will not remind you of appointments either." },

	[TEXT_HOW] = { "Cómo le escribimos", "How we write to you" },
	[TEXT_CHANNEL] = { "Medio preferido", "Preferred way" },
	[TEXT_LANGUAGE] = { "Idioma", "Language" },
	[TEXT_AS_IT_IS] = { "Dejar como está", "Leave as it is" },
	[TEXT_ANY] = { "Ninguno en especial", "None in particular" },
	[TEXT_QUIET] = { "Horas de silencio", "Quiet hours" },
	[TEXT_QUIET_HINT] = { "Entre estas horas no le mandamos recordatorios "
	    "ni avisos.", "Between these times we send no reminders or "
	    "news." },
	[TEXT_FROM] = { "Desde las", "From" },
	[TEXT_UNTIL] = { "Hasta las", "Until" },
	[TEXT_QUIET_CLEAR] = { "Quitar mis horas de silencio",
	    "Remove my quiet hours" },
	[TEXT_WHAT] = { "Qué desea recibir", "What you want to receive" },
	[TEXT_WHAT_HINT] = { "Si antes pidió no recibir nada, elija también "
	    "«Volver a recibir mensajes» más abajo.", "If you asked for no "
	    "messages at all before, also choose “Send me messages again” "
	    "below." },
	[TEXT_YES] = { "Sí, por favor", "Yes, please" },
	[TEXT_NO] = { "No, gracias", "No, thank you" },
	[TEXT_MESSAGES] = { "Todos los mensajes", "All messages" },
	[TEXT_ALL_OR_NONE] = { "Recibirlos o no", "Receive them or not" },
	[TEXT_START] = { "Volver a recibir mensajes",
	    "Send me messages again" },
	[TEXT_STOP_WAY] = { "Nada más por este medio", "No more this way" },
	[TEXT_STOP_ALL] = { "Ningún mensaje, por ningún medio",
	    "No messages at all" },

	[TEXT_ERROR] = { "Falta algo", "Something is missing" },
	[TEXT_CHOOSE] = { "Elija una de las opciones.",
	    "Choose one of the options." },
	[TEXT_NOTHING] = { "No eligió ningún cambio, así que todo sigue como "
	    "estaba.", "You have not chosen any change, so all is as it "
	    "was." },
	[TEXT_NOT_OFFERED] = { "Una de las opciones ya no existe. Elija otra; "
	    "aún no guardamos nada.", "One of the options is no longer there. "
	    "Choose another one; nothing is saved yet." },
	[TEXT_QUIET_BAD] = { "Escriba las dos horas, por ejemplo 21:00 y "
	    "08:00. Aún no guardamos nada.", "Enter both times, for example "
	    "21:00 and 08:00. Nothing is saved yet." },
	[TEXT_QUIET_SAME] = { "Las dos horas son la misma. Aún no guardamos "
	    "nada.", "Both times are the same. Nothing is saved yet." },
	[TEXT_QUIET_BOTH] = { "Escriba horas o quite las suyas, pero no ambas "
	    "cosas. Aún no guardamos nada.", "Enter times or remove yours, "
	    "but not both. Nothing is saved yet." },

	[TEXT_EMERGENCY] = { "Urgencias:", "Emergencies:" },
	[TEXT_MAIL] = { "Correo:", "Email:" },
	[TEXT_OTHER_LANGUAGE] = { "In English", "En español" }
};

struct named {
	const char *name;
	struct wording wording;
};

static const struct named channels[] = {
	{ "email", { "Correo electrónico", "Email" } },
	{ "sms", { "Mensaje de texto (SMS)", "Text message (SMS)" } },
	{ "whatsapp", { "WhatsApp", "WhatsApp" } },
	{ "voice", { "Llamada telefónica", "Telephone call" } },
	{ "push", { "Notificación en mi dispositivo",
	    "Notice on my device" } },
	{ NULL, { NULL, NULL } }
};

static const struct named topics[] = {
	{ "appointment", { "Recordatorios de citas",
	    "Appointment reminders" } },
	{ "vaccination", { "Recordatorios de vacunas",
	    "Vaccination reminders" } },
	{ "prescription", { "Recetas y resurtidos",
	    "Prescriptions and refills" } },
	{ "followup", { "Seguimiento después de la consulta",
	    "Follow-up after a visit" } },
	{ "order", { "Avisos de sus pedidos", "News of your orders" } },
	{ "payment", { "Avisos de pago", "Payment notices" } },
	{ "marketing", { "Novedades y consejos", "News and tips" } },
	{ "promotion", { "Promociones y ofertas", "Offers" } },
	{ NULL, { NULL, NULL } }
};

static const char *
choose(const struct wording *w, const char *language)
{
	return strcmp(language, "en") == 0 ? w->en : w->es;
}

static const char *
find(const struct named *list, const char *name, const char *language)
{
	for (; list->name != NULL; list++)
		if (strcmp(list->name, name) == 0)
			return choose(&list->wording, language);
	return name;
}

const char *
page_text(enum page_text t, const char *language)
{
	return choose(&texts[t], language);
}

const char *
page_channel(const char *type, const char *language)
{
	return find(channels, type, language);
}

const char *
page_topic(const char *topic, const char *language)
{
	return find(topics, topic, language);
}

const char *
page_language_name(const char *tag)
{
	static const char *const names[][2] = { { "es", "Español" },
	    { "en", "English" }, { "fr", "Français" }, { "pt", "Português" },
	    { "de", "Deutsch" }, { "it", "Italiano" }, { "ca", "Català" },
	    { "gl", "Galego" }, { "eu", "Euskara" }, { "nl", "Nederlands" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i][0], tag) == 0)
			return names[i][1];
	return tag;
}
