// Package launchd holds the property list of the agent's launchd job: started at boot, kept
// alive, given 20 seconds to end, its files private to root, its own log in
// /var/log/hooksnare/agent.log.
package launchd

import _ "embed"

// Label names the job to launchd.
const Label = "com.hooksnare.agent"

// Where the job's property list and its program are installed.
const (
	File    = "/Library/LaunchDaemons/" + Label + ".plist"
	Program = "/Library/Application Support/Hooksnare/hooksnare"
)

// PropertyList is the file as it is installed. It holds no placeholders.
//
//go:embed com.hooksnare.agent.plist
var PropertyList []byte
