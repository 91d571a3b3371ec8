//go:build ignore

// Prune cuts GitHub's OpenAPI description down to the operations that the stand-in serves.
//
//	npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-23.0.2.tgz
//	go run prune.go package/generated/api.github.com.json >openapi.json
//
// What no operation below refers to is dropped, and so are descriptions, examples and x- fields:
// the checks need none of them, and 13 MB become 100 kB.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

const repo = "/repos/{owner}/{repo}"

// operations lists what stays, path by path.
var operations = map[string][]string{
	"/advisories":                                     {"get"},
	repo:                                              {"get"},
	repo + "/compare/{basehead}":                      {"get"},
	repo + "/contents/{path}":                         {"get"},
	repo + "/git/blobs":                               {"post"},
	repo + "/git/blobs/{file_sha}":                    {"get"},
	repo + "/git/commits":                             {"post"},
	repo + "/git/commits/{commit_sha}":                {"get"},
	repo + "/git/matching-refs/{ref}":                 {"get"},
	repo + "/git/ref/{ref}":                           {"get"},
	repo + "/git/refs":                                {"post"},
	repo + "/git/refs/{ref}":                          {"patch", "delete"},
	repo + "/git/tags/{tag_sha}":                      {"get"},
	repo + "/git/trees":                               {"post"},
	repo + "/git/trees/{tree_sha}":                    {"get"},
	repo + "/issues/{issue_number}/assignees":         {"post"},
	repo + "/issues/{issue_number}/comments":          {"get", "post"},
	repo + "/issues/{issue_number}/labels":            {"post"},
	repo + "/pulls":                                   {"get", "post"},
	repo + "/pulls/{pull_number}":                     {"get", "patch"},
	repo + "/pulls/{pull_number}/requested_reviewers": {"post"},
	repo + "/releases":                                {"get"},
	repo + "/releases/latest":                         {"get"},
	repo + "/releases/tags/{tag}":                     {"get"},
}

type object = map[string]any

func main() {
	if err := prune(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func prune(name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var doc object
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	paths := object{}
	for path, methods := range operations {
		from, ok := doc["paths"].(object)[path].(object)
		if !ok {
			return fmt.Errorf("no path %s", path)
		}
		kept := object{}
		for _, method := range methods {
			if kept[method] = from[method]; kept[method] == nil {
				return fmt.Errorf("no operation %s %s", method, path)
			}
		}
		paths[path] = strip(kept, "paths")
	}
	components := object{}
	follow(paths, doc["components"].(object), components)
	out := object{
		"openapi": doc["openapi"],
		"info": object{
			"title": "GitHub REST API, pruned", "version": doc["info"].(object)["version"],
			"license": doc["info"].(object)["license"],
		},
		"paths":      paths,
		"components": components,
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	return encoder.Encode(out)
}

// strip drops what only people read. A property may be called description or example: below
// "properties" a key is a name and stays.
func strip(v any, parent string) any {
	switch v := v.(type) {
	case object:
		kept := object{}
		for key, value := range v {
			prose := key == "description" && parent != "responses" || key == "example" || key == "examples" ||
				key == "externalDocs" || strings.HasPrefix(key, "x-")
			if parent != "properties" && prose {
				if _, isText := value.(string); key == "description" && isText && isResponse(v) {
					kept[key] = "" // required of a response
				}
				continue
			}
			kept[key] = strip(value, key)
		}
		return kept
	case []any:
		kept := make([]any, len(v))
		for i, value := range v {
			kept[i] = strip(value, "")
		}
		return kept
	}
	return v
}

func isResponse(v object) bool {
	_, schema := v["schema"]
	_, kind := v["type"]
	_, in := v["in"]
	_, all := v["allOf"]
	_, one := v["oneOf"]
	_, any := v["anyOf"]
	_, properties := v["properties"]
	return !schema && !kind && !in && !all && !one && !any && !properties
}

// follow copies every component that v refers to, and what those refer to.
func follow(v any, from, to object) {
	switch v := v.(type) {
	case object:
		if ref, ok := v["$ref"].(string); ok {
			copyComponent(ref, from, to)
		}
		for _, value := range v {
			follow(value, from, to)
		}
	case []any:
		for _, value := range v {
			follow(value, from, to)
		}
	}
}

func copyComponent(ref string, from, to object) {
	parts := strings.Split(strings.TrimPrefix(ref, "#/components/"), "/")
	kind, name := parts[0], parts[1]
	if kind == "examples" {
		return
	}
	group, ok := to[kind].(object)
	if !ok {
		group = object{}
		to[kind] = group
	}
	if _, done := group[name]; done {
		return
	}
	group[name] = strip(from[kind].(object)[name], kind)
	follow(group[name], from, to)
}
