#ifndef OMNI_DESK_TEXT_H
#define OMNI_DESK_TEXT_H

#include <stdbool.h>

/* All that the page says by itself, in Spanish and in English. */
#define DESK_TEXTS(X) \
X(SKIP, "Ir al contenido", "Skip to the content") \
X(PAGES, "Páginas", "Pages") \
X(INBOX, "Bandeja", "Inbox") \
X(FLAGS, "Avisos", "Flags") \
X(DAY, "El día", "The day") \
X(LISTS, "Listas", "Lists") \
X(OPEN, "Abiertas", "Open") \
X(UNREAD, "Sin leer", "Unread") \
X(MINE, "Mías", "Mine") \
X(ALL, "Todas", "All") \
X(SEARCH, "Buscar", "Search") \
X(SEARCH_WHAT, "Palabras de un mensaje", "Words of a message") \
X(FOUND, "Resultados de la búsqueda", "Search results") \
X(NOTHING_FOUND, "Ningún mensaje tiene esas palabras. Pruebe con menos, o con su principio.", \
    "No message has these words. Try fewer, or their beginnings.") \
X(NO_CONVERSATIONS, "Aquí no hay nada: todo está atendido.", \
    "There is nothing here: all is taken care of.") \
X(MORE, "Ver más antiguas", "Show older ones") \
X(ONLY_TAG, "Con la etiqueta", "With the tag") \
X(ONLY_FLAG, "Con el aviso", "With the flag") \
X(ONLY_OF, "Asignadas a", "Assigned to") \
X(SHOW_ALL, "Quitar el filtro", "Remove the filter") \
X(NEW_MESSAGES, "sin leer", "unread") \
X(ERASED, "(borrado)", "(erased)") \
X(NO_NAME, "(sin nombre)", "(no name)") \
X(BACK_TO_LIST, "Volver a la bandeja", "Back to the inbox") \
X(ANSWER, "Contestar", "Answer") \
X(MESSAGES, "Mensajes", "Messages") \
X(NO_MESSAGES, "Todavía no hay mensajes.", "There are no messages yet.") \
X(OLDER, "Ver mensajes anteriores", "Show earlier messages") \
X(FROM_THEM, "Recibido", "Received") \
X(FROM_US, "Enviado por", "Sent by") \
X(FROM_SYSTEM, "Enviado por el sistema", "Sent by the system") \
X(QUEUED, "En espera", "Waiting") \
X(GOES_AT, "sale", "goes out") \
X(HELD, "Retenido", "Held") \
X(SENDING, "Enviándose", "Being sent") \
X(IN_DOUBT, "No se sabe si salió", "Not known whether it went out") \
X(SENT, "Enviado", "Sent") \
X(DELIVERED, "Entregado", "Delivered") \
X(READ, "Leído", "Read") \
X(FAILED, "No se pudo enviar", "Failed") \
X(BOUNCED, "Devuelto", "Bounced") \
X(COMPLAINED, "Marcado como no deseado", "Marked as spam") \
X(CANCELLED, "Cancelado", "Cancelled") \
X(EXPIRED, "Venció sin salir", "Expired before it went") \
X(REFUSED_STATE, "No permitido", "Not allowed") \
X(RECEIVED, "Recibido", "Received") \
X(SMS, "SMS", "SMS") \
X(WHATSAPP, "WhatsApp", "WhatsApp") \
X(EMAIL, "Correo", "Email") \
X(VOICE, "Llamada", "Call") \
X(PUSH, "Notificación", "Notification") \
X(LINK, "Enlace", "Link") \
X(ACTIVE, "Abierta", "Open") \
X(PENDING, "Espera respuesta", "Waits for an answer") \
X(RESOLVED, "Cerrada", "Closed") \
X(ARCHIVED, "Archivada", "Archived") \
X(LOW, "Baja", "Low") \
X(NORMAL, "Normal", "Normal") \
X(HIGH, "Alta", "High") \
X(URGENT, "Urgente", "Urgent") \
X(CONFIRMED, "Confirmada", "Confirmed") \
X(DECLINED, "No puede venir", "Cannot come") \
X(OVER, "Terminada", "Over") \
X(LAPSED, "Pasó sin respuesta", "Passed without an answer") \
X(UNRESPONSIVE, "No responde", "Does not respond") \
X(UNREACHABLE, "No se le puede avisar", "Cannot be reached") \
X(CALL_BACK, "Pide que le llamen", "Asks to be called") \
X(LATE_REPLY, "Respuesta dudosa o tardía", "Doubtful or late answer") \
X(RESCHEDULE, "Quiere otra fecha", "Wants another date") \
X(QUESTION, "Pregunta", "Question") \
X(WRONG_NUMBER, "Número equivocado", "Wrong number") \
X(AMBIGUOUS, "Sí o no, no queda claro", "Yes or no, it is not clear") \
X(UNCLEAR, "No se entendió la respuesta", "The answer was not understood") \
X(SENT_TWICE, "Quizá salió dos veces", "May have gone out twice") \
X(UNSUBSCRIBED, "Se dio de baja", "Unsubscribed") \
X(UNMATCHED, "Enlace que no se reconoce", "A link that nobody knows") \
X(PREFERENCES, "Cambió sus preferencias", "Changed their preferences") \
X(EXPORT, "La agenda no se aceptó entera", "The calendar's export was refused") \
X(COMPLAINT, "Se quejó de un correo", "Complained of a mail") \
X(SOFT_BOUNCES, "Sus correos vuelven", "Mails come back") \
X(WHY_TIME, "Vendría a otra hora", "Would come at another time") \
X(WHY_ASKS, "Pregunta algo", "Asks something") \
X(WHY_PERSON, "Una persona tiene que leerlo", "A person must read it") \
X(WHY_CANNOT, "Hay que buscarle otra fecha", "Another time has to be found") \
X(WHY_CALL, "Llámele cuando pueda", "Call them when you can") \
X(WHY_OTHER, "Dice que la dirección es de otra persona", \
    "Says that the address is somebody else's") \
X(WHY_SEVERAL, "Hay varios recordatorios abiertos para esta dirección", \
    "Several reminders are open for this address") \
X(WHY_MOVED, "La cita cambió después de ese mensaje", \
    "The appointment has moved since that message") \
X(WHY_NO_ANSWER, "Nadie respondió a ningún aviso", "Nobody answered to any message") \
X(WHY_RETRY, "Se intentará otra vez", "It will be tried again") \
X(WHY_ANSWER, "por mensaje", "by a message") \
X(WHY_LINK, "por el enlace", "by the link") \
X(WHY_CALENDAR, "en la agenda", "in the calendar") \
X(APPOINTMENT, "Cita", "Appointment") \
X(VACCINATION, "Vacuna", "Vaccination") \
X(UNREAD_ONE, "sin leer", "unread") \
X(CUT, "El mensaje es más largo; aquí se ve su principio.", \
    "The message is longer; this is its beginning.") \
X(MEDIA, "Archivos:", "Files:") \
X(SUBJECT, "Asunto", "Subject") \
X(STATE, "Estado", "State") \
X(PRIORITY, "Prioridad", "Priority") \
X(ASSIGNEE, "Asignada a", "Assigned to") \
X(OWNER, "Responsable", "Owner") \
X(ABOUT, "Trata de", "About") \
X(TAGS, "Etiquetas", "Tags") \
X(NOBODY, "Nadie", "Nobody") \
X(SAVE, "Guardar", "Save") \
X(ADD_TAG, "Etiqueta nueva", "New tag") \
X(ADD, "Añadir", "Add") \
X(REMOVE, "Quitar la etiqueta", "Remove the tag") \
X(MARK_READ, "Marcar como leído", "Mark as read") \
X(CLOSE, "Cerrar conversación", "Close conversation") \
X(REOPEN, "Reabrir conversación", "Reopen conversation") \
X(ARCHIVE, "Archivar", "Archive") \
X(MANAGE, "Organizar", "Organise") \
X(TAKE, "Asignármela", "Assign to me") \
X(ADDRESSES, "Direcciones", "Addresses") \
X(REMINDERS, "Citas y recordatorios", "Appointments and reminders") \
X(OPEN_FLAGS, "Avisos abiertos", "Open flags") \
X(RESOLVE, "Resolver", "Resolve") \
X(NO_FLAGS, "No hay avisos abiertos.", "There are no open flags.") \
X(ALL_KINDS, "Todos", "All") \
X(KINDS, "Clases de aviso", "Kinds of flags") \
X(REACH_AT, "Se le encuentra en", "Can be reached at") \
X(SAID, "Escribió:", "Wrote:") \
X(SINCE, "desde", "since") \
X(GO_TO, "Ver la conversación", "Show the conversation") \
X(NEXT_FLAGS, "Ver más avisos", "Show more flags") \
X(BY_CHANNEL, "Por", "By") \
X(WITH_TEMPLATE, "Texto", "Text") \
X(OWN_WORDS, "Palabras propias", "Own words") \
X(CHOOSE, "Elegir", "Choose") \
X(YOUR_ANSWER, "Su respuesta", "Your answer") \
X(EACH_LINE, "uno por línea", "one on each line") \
X(LAST_USED, "lo último que usó", "what they used last") \
X(VAR_AT, "Fecha y hora", "Date and time") \
X(VAR_BODY, "Texto", "Text") \
X(VAR_BRANCH, "Sucursal", "Branch") \
X(VAR_CONCEPT, "Concepto", "What it is for") \
X(VAR_DUE, "Fecha", "Date") \
X(VAR_HEADLINE, "Título", "Headline") \
X(VAR_ITEMS, "Artículos", "Items") \
X(VAR_KEEP, "Se guarda hasta", "Kept until") \
X(VAR_MEDICINE, "Medicina", "Medicine") \
X(VAR_NOTE, "Nota", "Note") \
X(VAR_OLD_AT, "Fecha y hora anteriores", "Former date and time") \
X(VAR_ORDER, "Número de pedido", "Order number") \
X(VAR_OWNER, "Nombre de la persona", "Name of the person") \
X(VAR_PAY, "Enlace para pagar", "Link to pay") \
X(VAR_PET, "Nombre de la mascota", "Name of the pet") \
X(VAR_PROFESSIONAL, "Con quién", "With whom") \
X(VAR_SERVICE, "Servicio", "Service") \
X(VAR_TOTAL, "Total", "Total") \
X(VAR_TRACK, "Enlace de seguimiento", "Tracking link") \
X(VAR_URL, "Enlace", "Link") \
X(VAR_VACCINE, "Vacuna", "Vaccine") \
X(OPTIONAL, "opcional", "optional") \
X(EXAMPLE, "Por ejemplo:", "For example:") \
X(YES, "Sí", "Yes") \
X(PREVIEW, "Ver antes de enviar", "Look before sending") \
X(PREVIEW_TITLE, "Así saldrá", "This is how it will go") \
X(SEND, "Enviar", "Send") \
X(CHANGE, "Cambiar", "Change") \
X(TO, "A", "To") \
X(SEGMENTS, "Partes", "Segments") \
X(COST, "Costo", "Cost") \
X(WHEN, "Sale", "Goes out") \
X(AT_ONCE, "en el próximo envío", "with the next run") \
X(NOT_BEFORE, "no antes de", "not before") \
X(SEND_NOW, "Enviar ya, aunque sea su hora de descanso: acaba de escribir", \
    "Send it now, although they are at rest: they have just written") \
X(SLEEPS, "Es su hora de descanso. Lo que escriba espera hasta", \
    "They are at rest. What you write waits until") \
X(WINDOW_UNTIL, "En WhatsApp se puede contestar con palabras propias hasta", \
    "On WhatsApp words of your own are possible until") \
X(TEMPLATE_ONLY, "No ha escrito por WhatsApp en las últimas 24 horas: allí solo se le puede enviar una plantilla aprobada por Meta. Elija una, u otro canal.", \
    "Nothing came by WhatsApp in the last 24 hours: only a template that Meta approved can go there. Choose one, or another channel.") \
X(APPROVED, "aprobada por Meta", "approved by Meta") \
X(OPTED_OUT, "Pidió no recibir mensajes por este canal, y se respeta. Elija otro canal, o llame.", \
    "They asked for no messages on this channel, and that holds. Choose another channel, or call.") \
X(IMPOSSIBLE, "No hay una dirección a la que contestar por este canal.", \
    "There is no address to answer to on this channel.") \
X(COLLEAGUE, "Mientras usted escribía, ya le contestó", \
    "While you were writing, an answer was sent by") \
X(COLLEAGUE_ADVICE, "Lo que escribió sigue abajo. Si aún hace falta, envíelo de todos modos.", \
    "What you wrote is below. If it is still needed, send it all the same.") \
X(ANYWAY, "Enviar aunque ya se le contestó", "Send although they have been answered") \
X(EMPTY, "Escriba primero la respuesta.", "Write the answer first.") \
X(TEXT_LONG, "La respuesta tiene más de 4000 caracteres. Acórtela.", \
    "The answer has more than 4000 characters. Shorten it.") \
X(NOT_JUST_WROTE, "Es su hora de descanso y no acaba de escribir: quite «Enviar ya» y saldrá en cuanto se pueda.", \
    "They are at rest and have not just written: without \"Send it now\" it goes as soon as it can.") \
X(NOT_SENT, "No se envió. La razón:", "It was not sent. The reason:") \
X(USED_ID, "Este formulario ya envió otra respuesta. Si quiere enviar también esta, pulse otra vez.", \
    "This form has sent another answer already. To send this one too, press again.") \
X(DONE_SENT, "Listo, su respuesta sale con el próximo envío.", \
    "Done, your answer goes with the next run.") \
X(DONE_READ, "Listo, quedó como leído.", "Done, it is marked as read.") \
X(DONE_SET, "Listo, se guardó.", "Done, it is saved.") \
X(DONE_CLOSED, "Listo, la conversación está cerrada.", "Done, the conversation is closed.") \
X(DONE_REOPENED, "Listo, la conversación está abierta otra vez.", "Done, the conversation is open again.") \
X(DONE_RESOLVED, "Listo, el aviso está resuelto.", "Done, the flag is resolved.") \
X(APPOINTMENTS, "Citas del día", "Appointments of the day") \
X(NO_APPOINTMENTS, "No hay citas con recordatorio este día.", \
    "There are no appointments with reminders on this day.") \
X(NOT_ASKED, "Aún sin aviso", "Not asked yet") \
X(UNCONFIRMED, "Sin confirmar", "Unconfirmed") \
X(HOUR, "Hora", "Time") \
X(PERSON, "Persona", "Person") \
X(WHAT, "Qué", "What") \
X(HOW, "Cómo", "How") \
X(ASKED_BY, "avisada por", "asked by") \
X(DUE, "Recordatorios que salen este día", "Reminders that go out on this day") \
X(NONE_DUE, "No sale ninguno.", "None goes out.") \
X(FAILED_DAY, "Mensajes que fallaron este día", "Messages that failed on this day") \
X(NONE_FAILED, "Ninguno falló.", "None failed.") \
X(REPLACED, "sustituido por otro canal", "replaced on another channel") \
X(PREVIOUS_DAY, "Día anterior", "Previous day") \
X(NEXT_DAY, "Día siguiente", "Next day") \
X(TODAY, "Hoy", "Today") \
X(OTHER_DAYS, "Otros días", "Other days") \
X(FIRST_ONES, "Solo se muestran los primeros 500.", "Only the first 500 are shown.") \
X(REASON, "Razón", "Reason") \
X(ONLY_READS, "Solo lectura", "Read only") \
X(ONLY_READS_ADVICE, "Su cuenta puede ver las conversaciones, pero no cambiarlas. Nada se cambió.", \
    "Your account can look at conversations, but not change them. Nothing was changed.") \
X(WHO, "No sabemos quién es usted", "We do not know who you are") \
X(WHO_ADVICE, "Esta página pide iniciar sesión, y el servidor web no dice con qué nombre. Avise a quien cuida el sistema.", \
    "This page needs you to log in, and the web server does not say by which name. Tell whoever looks after the system.") \
X(NOT_STAFF_ADVICE, "Inició sesión, pero su nombre no está entre el personal. Avise a quien cuida el sistema.", \
    "You are logged in, but your name is not among the staff. Tell whoever looks after the system.") \
X(NO_PAGE, "Esta página no existe", "There is no such page") \
X(NO_PAGE_ADVICE, "Quizá el enlace está incompleto. Empiece por la bandeja.", \
    "The link may be incomplete. Start from the inbox.") \
X(NO_CONVERSATION, "Esta conversación no existe", "There is no such conversation") \
X(NO_CONVERSATION_ADVICE, "Quizá se unió con otra, o el enlace está incompleto. Búsquela en la bandeja.", \
    "It may have been merged with another, or the link is incomplete. Look for it in the inbox.") \
X(NO_FORM, "No se entendió lo enviado", "What was sent was not understood") \
X(NO_FORM_ADVICE, "Nada se cambió. Vuelva atrás y pruebe otra vez.", \
    "Nothing was changed. Go back and try again.") \
X(TOO_LONG, "Es demasiado largo", "It is too long") \
X(TOO_LONG_ADVICE, "Nada se envió. Vuelva atrás: su texto sigue en el formulario. Acórtelo a 4000 caracteres o menos.", \
    "Nothing was sent. Go back: your text is still in the form. Shorten it to 4000 characters or less.") \
X(STALE, "El formulario ya no vale", "The form is no longer good") \
X(STALE_ADVICE, "Estuvo abierto demasiado tiempo, o no viene de esta página. Nada se cambió. Vuelva atrás, copie lo que escribió, abra la conversación otra vez y péguelo.", \
    "It was open too long, or is not from this page. Nothing was changed. Go back, copy what you wrote, open the conversation again and paste it.") \
X(NOT_DONE, "No se pudo hacer", "It could not be done") \
X(NOT_DONE_ADVICE, "Nada se cambió. Vuelva atrás y corríjalo.", \
    "Nothing was changed. Go back and put it right.") \
X(NO_FLAG, "Este aviso ya no está abierto", "This flag is not open any more") \
X(NO_FLAG_ADVICE, "Quizá alguien lo resolvió antes que usted. Vea los que quedan.", \
    "Somebody may have resolved it before you. Look at those that are left.")

#define DESK_ENUM(name, es, en) T_##name,
enum desk_text { DESK_TEXTS(DESK_ENUM) T_COUNT };
#undef DESK_ENUM

const char *desk_text_in(enum desk_text t, bool english);

#endif
