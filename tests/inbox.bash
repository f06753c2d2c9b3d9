# shellcheck shell=bash
# Loaded, after helper.bash and people.bash, by tests of the inbox.

# make_inbox: a clinic on 2026-11-23, 17:00 there, which knows Rosa; ana asks
make_inbox() {
	open_clinic
	contact rosa 5512345678 'Rosa Díaz'
}

# ids [ARGUMENT...]: the conversations of a list
ids() {
	omni-inbox list -j "$@" | jq -r '.conversation + " " +
		(.unread | tostring)'
}

# draft ID TO TEXT [AUTHOR]: an answer that waits for a person
draft() {
	jq -cn --arg id "$1" --arg to "$2" --arg text "$3" \
		--arg author "${4-assist}" '{id: $id, type: "reply",
		class: "reply", channel: "sms", author: $author, text: $text,
		contact: {id: "rosa", phone: $to}}' |
		omni-normalize | omni-route | omni-render |
		omni-queue -q --hold 'a draft'
}
