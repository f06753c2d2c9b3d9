# shellcheck shell=bash
# Loaded by the .bats files that read mails by npm's mailparser.

MAILPARSER=3.9.31

# get_mailparser: it comes from npm's registry into build/npm, once
get_mailparser() {
	local into=$ROOT/build/npm
	command -v node >/dev/null || skip 'no node, for mailparser'
	export NODE_PATH=$into/node_modules
	node -e 'require("mailparser")' 2>/dev/null && return
	command -v npm >/dev/null || skip 'no npm, to get mailparser'
	mkdir -p "$into"
	npm install --prefix "$into" --no-save --no-audit --no-fund --silent \
		"mailparser@$MAILPARSER" >/dev/null 2>&1 ||
		skip 'npm cannot get mailparser'
}
