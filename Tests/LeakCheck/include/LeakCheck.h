// Every test target has this beside it. There is nothing to call: a process of tests looks at
// itself before its first test and after its last, and fails when it holds more than it did.
//
// Looked at are open descriptors, threads, child processes and mappings of files. The process ends
// with status 1 and says what is left, by the file that it is open on or the function that it began
// with; `swift test --filter XTests` then says which target it is.
