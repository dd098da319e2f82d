  (func $main (;4;) (type 3)
    (local i32 i32 i64 i64 i64 i64)
    call $runtime.input
    local.tee 0
    i32.const 3
    call $runtime.string_to_int
    local.set 2
    local.get 0
    local.get 0
    i32.load
    i32.const -1
    i32.add
    local.tee 1
    i32.store
    local.get 1
    i32.eqz
    (@metadata.code.branch_hint "\00")
    if ;; label = @1
      local.get 0
      call $runtime.string_free
    end
    local.get 2
    i64.const 2
    i64.shl
    i64.const 2
    i64.shr_s
    local.get 2
    i64.ne
    (@metadata.code.branch_hint "\00")
    if ;; label = @1
      i32.const 1318
      i32.const 33
      i32.const 5
      call $runtime.fail_message
      unreachable
    end
    i64.const 0
    local.get 2
    i64.lt_s
    local.get 2
    local.set 5
    if ;; label = @1
      i64.const 0
      local.get 2
      local.set 4
      local.set 3
      loop ;; label = @2
        local.get 4
        local.get 3
        i64.add
        local.tee 5
        i64.const 2
        i64.shl
        i64.const 2
        i64.shr_s
        local.get 5
        i64.ne
        (@metadata.code.branch_hint "\00")
        if ;; label = @3
          local.get 4
          local.get 3
          i32.const 1
          call $runtime.int_add_slow
          local.set 4
          local.get 3
          i64.const 1
          i64.add
          local.tee 3
          local.get 2
          i64.lt_s
          br_if 1 (;@2;)
          local.get 4
          local.set 5
        else
          local.get 3
          i64.const 1
          i64.add
          local.tee 3
          local.get 2
          i64.lt_s
          local.get 5
          local.set 4
          br_if 1 (;@2;)
        end
      end
    end
    local.get 5
    call $runtime.print_int
    local.get 5
    i64.const 2
    i64.shl
    i64.const 2
    i64.shr_s
    local.get 5
    i64.ne
    (@metadata.code.branch_hint "\00")
    if ;; label = @1
      local.get 5
      call $runtime.int_release
    end
    call $runtime.print_newline
  )
