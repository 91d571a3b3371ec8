package main

import (
	"regexp"
	"strings"
	"unicode"
)

// Package bump names its options as a Go program writes them: Options.Timeout, or Options.Branch=NAME
// with a value. People who run the command know flags, and those who use the Action know its inputs,
// so whatever is shown goes through one of the functions below.

// option is an option in a text of package bump. A value ends at a blank, a bracket or punctuation.
var option = regexp.MustCompile(`\bOptions\.([A-Z][A-Za-z]*)(?:=([^\s,;:()\[\]]+))?`)

// flagOf has the flags that are not called as their field is.
var flagOf = map[string]string{"Dir": "flake", "Labels": "label", "Reviewers": "reviewer", "Assignees": "assignee"}

// modeFlag has the flag of each value of Options.Mode but the default, which needs none.
var modeFlag = map[string]string{"DryRun": "dry-run", "Write": "no-pr", "Check": "check"}

// asFlags replaces the options in text by flags.
func asFlags(text string) string {
	return replaceOptions(text, func(name, value string) string {
		switch {
		case name == "NixArgs" && value == "":
			return "the arguments after --"
		case name == "NixArgs":
			return "-- " + value
		case value == "":
			return "--" + flagName(name)
		}
		return "--" + flagName(name) + " " + value
	})
}

// asInputs replaces the options in text by inputs of the Action.
func asInputs(text string) string {
	return replaceOptions(text, func(name, value string) string {
		input := "the input " + inputName(flagName(name))
		if name == "NixArgs" {
			input = "the input " + nixArgsInput
		}
		if value == "" {
			return input
		}
		return input + ": " + value
	})
}

func replaceOptions(text string, replace func(name, value string) string) string {
	return option.ReplaceAllStringFunc(text, func(found string) string {
		part := option.FindStringSubmatch(found)
		name, value := part[1], part[2]
		if name == "Mode" {
			if flag := modeFlag[value]; flag != "" {
				name, value = flag, ""
			}
		}
		return replace(name, value)
	})
}

// flagName returns the name of the flag for a field of bump.Options: max-wait for MaxWait, api-url for APIURL.
func flagName(field string) string {
	if name := flagOf[field]; name != "" {
		return name
	}
	letters := []rune(strings.NewReplacer("API", "Api", "URL", "Url").Replace(field))
	var b strings.Builder
	for i, r := range letters {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
