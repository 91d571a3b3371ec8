package main

// The words of the manual. Help and manual page are made from them and from the flags.

const summary = "keep the ollama that a Nix flake pins in step with ollama's releases"

const synopsis = "ollama-bump [flags] [-- NIX-ARGS...]"

// description has one paragraph an element.
var description = []string{
	"Finds where a flake pins ollama, asks GitHub for the newest release, lets Nix work out src.hash and vendorHash, proves that the result evaluates, and opens a pull request.",
	"No file is touched before every hash is known and verified, and then all at once. When the pin is current no Nix process starts at all.",
}

// chapter is a table of the manual: a term and what it means.
type chapter struct {
	title string
	lead  string // said before the rows; may be empty
	rows  []row
}

type row struct{ term, text string }

var examples = chapter{title: "Examples", rows: []row{
	{"ollama-bump --check", "is there a newer release? 3 says yes"},
	{"ollama-bump --dry-run", "show the change and the pull request"},
	{"ollama-bump --dry-run | git apply", "take the change, leave the rest"},
	{"ollama-bump --no-pr", "change the files here, nothing else"},
	{"ollama-bump", "open or refresh the pull request"},
	{"ollama-bump --to 0.32.13 --allow-downgrade --no-pr", "go back"},
	{"ollama-bump --flake hosts/gpu --label deps,nix", "a flake in a subfolder, two labels"},
	{"ollama-bump --no-pr --force", "work out wrong hashes again"},
	{"ollama-bump --dry-run -- --max-jobs 0", "let Nix build on remote builders only"},
}}

var manual = []chapter{
	examples,
	{title: "Environment", rows: []row{
		{"GITHUB_TOKEN, GH_TOKEN", "token, the first that is set; --check, --dry-run and --no-pr can do without, at 60 requests an hour"},
		{"GITHUB_REPOSITORY", "OWNER/NAME for --repo"},
		{"GITHUB_API_URL", "address for --api-url"},
		{"OLLAMA_BUMP_UPSTREAM_API_URL", "address for --upstream-api-url"},
		{"NIX_CONFIG", "kept; the token is added to it as access-tokens unless you have set them"},
		{"NO_COLOR", "when set, no colours"},
		{"TMPDIR", "where the throw-away copy of the flake goes; Nix's build users must be able to read it"},
		{"HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE", "honoured, and passed on to Nix with everything else"},
	}},
	{title: "Exit status", rows: []row{
		{"0", "bumped, already current, or left to people who had the last word"},
		{"1", "failed; stderr says where, what and what to do"},
		{"2", "wrong usage"},
		{"3", "--check found a newer release"},
	}},
	{
		title: "Output",
		lead:  "Progress and messages go to stderr. Stdout holds the result only.",
		rows: []row{
			{"--dry-run", "the unified diff, then the title and the body of the pull request, each line of these behind a bar"},
			{"--json", "an object with schema, status (bumped, current, available or skipped), old_version, new_version, files, diff, pull_request and warnings"},
		},
	},
}
