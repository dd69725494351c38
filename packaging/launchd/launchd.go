// Package launchd holds the property list that launchd runs the agent by: started at
// boot, kept alive, given 20 seconds to end, its files private to root, its own log
// in /var/log/hooksnare/agent.log.
package launchd

import _ "embed"

// Label names the job to launchd.
const Label = "com.hooksnare.agent"

// PropertyList is the file as it is installed. Nothing in it is a template.
//
//go:embed com.hooksnare.agent.plist
var PropertyList []byte
