/// Made once with OpenSSL and Python, to check this implementation against others. The private keys were not kept.
enum Vectors {
    static let publicKey = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA9tcaMAeIeKh1O6wX74zn
        ryRDgHCdW/nO/5yoNSZRRIwS6+o6JJn9X9d+R+3zZfOxZzWCZ0rmBhAnva2kcg5D
        So9JCMuBXs3smCG5vPUhhPpvAkoybagobfu9LNc7oItY6MqVVZGj4WtGH230SzFu
        b+SyEqR9gDd1QSyOB0Qq5FtlNoMcwNc+uf9fR2DszGviUSwl9HvWguqxsZzYrEKi
        y2npsRz+PeaxKT/zLINB9lH2O6Rvahb7dqArjr7rZ4uXZpYq+8JYXUh8fV6ceTNj
        OAGW/folUkFRyqH+NPW5BjBCeoDYq30MSV7D1Lxs3lDTYghYIWxJqe/dUJeBw320
        +wIDAQAB
        -----END PUBLIC KEY-----
        """

    /// 1 024 bits: too short to be accepted.
    static let shortKey = """
        -----BEGIN PUBLIC KEY-----
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCmPFlumU/mPy8epSpOSzSPf48E
        UfR5xOFfgo0G9Q4AYR/uyPmgogBxgHd0WNKgMVsbOtPQJuKkIqvzNnt+IHE0ibcD
        e+NHzcAdm/QvNF9IFF9NjrO/xgCq3zdQK8KqJFwHpaljzR56+5JJ5MYydSQWnyXe
        0It+i2WLtUQP1/71TQIDAQAB
        -----END PUBLIC KEY-----
        """

    /// Signed for `publicKey`: sub `alice`, ACL `/*/users/**`, issued at 1773480365, `exp` as text 900 s later.
    static let userToken = """
        eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhcHBsaWNhdGlvbl9pZCI6Ijc4ZDMzNWZhLTMyM2QtMDExNC05YzNkLWQ2ZjB\
        kNDg5NjhjZiIsImlhdCI6MTc3MzQ4MDM2NSwianRpIjoieW1kWXc5QnAiLCJzdWIiOiJhbGljZSIsImFjbCI6eyJwYXRocyI6eyI\
        vKi91c2Vycy8qKiI6e319fSwiZXhwIjoiMTc3MzQ4MTI2NSJ9.XO9zrPyFBJI3bd5S3mlK7gC5AdkqTiRkkyDGCmeJotvNQWZ92j\
        5A6_MM4SPfb_evn5p7rOuSo33w95FT82Y88H6TIcyxoVIdflRC19s3z7gIP2EjFeEUQGi55BTku893oU6FiadIQThwJB_PVE5IPI\
        79wCRiG96D4fR8M_2ZnH3fhhFYVFXj0FTBlH8PlB_TWAui1n_VVL_uu-5T_Z8ZGwjZnC4F4aSsJHoLF792BBGIQI1Q9isrvc6SuA\
        Z6rSOZrRrVpYiC1hKzLDUmxngPMm3xRFtpX9s3fDVyiTCBIsotVEb2KdCxdWdq5C9r9AuX85h_NI9yOJP4kvJYTorScQ
        """

    /// HS256 with the secret `a secret of the account` over the body `{"a":"http://x/ü"}`.
    static let webhookToken = """
        eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3NzM0ODAzNjQsImp0aSI6ImZpeGVkIiwiaXNzIjoiVm9uYWdlIiw\
        icGF5bG9hZF9oYXNoIjoiZDMwZjJjOWE0MTk3ZTM1Yzk4Y2JiMzRkNDM1NzdkNjY1NzMxNTI2YjEyOWQyNTFlMzZmNDYxYjBjNTU\
        3ZWE5NiIsImFwaV9rZXkiOiJhYmNkMTIzNCIsImFwcGxpY2F0aW9uX2lkIjoiNzhkMzM1ZmEtMzIzZC0wMTE0LTljM2QtZDZmMGQ\
        0ODk2OGNmIn0.ZM33L_h0xkVz4eVV2ENA530qEAviBaNqgIgTe34NNMk
        """
}
