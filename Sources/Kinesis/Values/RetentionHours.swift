/// The RetentionPeriodHours of a request. The model has no bounds for them; the service has.
func checkedRetentionHours(in fields: Fields) throws(ServiceError) -> Int {
    let hours = fields.requiredInteger("RetentionPeriodHours")
    guard hours >= Limits.leastRetentionHours else { throw .retentionTooShort(hours) }
    guard hours <= Limits.greatestRetentionHours else { throw .retentionTooLong(hours) }
    return hours
}
