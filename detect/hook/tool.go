package hook

import "strings"

// The tools, in their own spelling.
const (
	toolDefaults   = "defaults"
	toolPlistBuddy = "PlistBuddy"
	toolPlutil     = "plutil"
)

// ToolOf returns which of the tools a program is, "" for none. It is asked for every
// exec of the host and does not allocate. The signature goes before the name.
func ToolOf(name, signingID string) string {
	if t := toolOfSignature(signingID); t != "" {
		return t
	}
	return toolOfName(name)
}

func toolOfSignature(id string) string {
	switch id {
	case "com.apple.defaults":
		return toolDefaults
	case "com.apple.PlistBuddy":
		return toolPlistBuddy
	case "com.apple.plutil":
		return toolPlutil
	}
	return ""
}

// toolOfName ignores case, as the volume does.
func toolOfName(name string) string {
	t := ""
	switch len(name) {
	case len(toolDefaults):
		t = toolDefaults
	case len(toolPlistBuddy):
		t = toolPlistBuddy
	case len(toolPlutil):
		t = toolPlutil
	default:
		return ""
	}
	if strings.EqualFold(name, t) {
		return t
	}
	return ""
}
