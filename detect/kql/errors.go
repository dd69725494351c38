package kql

import "hooksnare/detect/eql"

// Error says what is wrong with a query, and where, in the same way for every language.
type Error = eql.Error
