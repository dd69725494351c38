package service

import (
	"os"

	"hooksnare/packaging/launchd"
)

// JobFile is the property list of the installed launchd job.
const JobFile = propertyList

// Files are what an agent that is installed is made of.
func Files() []string { return []string{Program, propertyList} }

// Launched reports whether launchd runs this process as the agent's job.
func Launched() bool { return os.Getenv("XPC_SERVICE_NAME") == launchd.Label }
